// For the costs of calls, traps and stops: as little work as possible on the guest's side.
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name))) name

__attribute__((import_module("env"), import_name("callback"))) int32_t callback(int32_t value);

int32_t EXPORT(add)(int32_t a, int32_t b) { return a + b; }

int32_t EXPORT(call_host)(int32_t count) {
  int32_t sum = 0;
  for (int32_t i = 0; i < count; i++) {
    sum = callback(sum + i);
  }
  return sum;
}

int32_t EXPORT(divide)(int32_t a, int32_t b) { return a / b; }

int32_t EXPORT(load)(int32_t address) { return *(volatile int32_t *)address; }

void EXPORT(fail)(void) { __builtin_trap(); }

// A recursion that no compiler can turn into a loop.
int32_t EXPORT(deep)(int32_t depth, int32_t limit) { return depth == limit ? 1 : (deep(depth + 1, limit) ^ depth) * 3; }

void EXPORT(spin)(void) {
  for (volatile int32_t i = 0;; i++) {
  }
}
