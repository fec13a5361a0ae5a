// Small programs of the kinds that engines for WebAssembly are usually compared by. Each takes a size and returns a
// number that depends on all of its work. Freestanding: nothing is imported.
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name))) name

static uint32_t random_state;

static uint32_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

static uint8_t buffer[1 << 20];
static uint32_t words[1 << 18];

static void fill_buffer(void) {
  random_state = 12345;
  for (size_t i = 0; i < sizeof buffer; i++) {
    buffer[i] = (uint8_t)next_random();
  }
}

// Calls.
int32_t EXPORT(fib)(int32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

// Rotations and additions on 32 bits, straight code.
static const uint32_t sha_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n) { return (x >> n) | (x << (32 - n)); }

static void sha_block(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64];
  for (int i = 0; i < 16; i++) {
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  }
  for (int i = 16; i < 64; i++) {
    uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >> 3);
    uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + sha_constants[i] + w[i];
    uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

int32_t EXPORT(sha256)(int32_t blocks) {
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  fill_buffer();
  for (int i = 0; i < blocks; i++) {
    sha_block(state, buffer + (i % 1024) * 64);
  }
  return (int32_t)(state[0] ^ state[7]);
}

// Floating point in nested loops.
static double left[128 * 128], right[128 * 128], product[128 * 128];

int32_t EXPORT(matmul)(int32_t n) {
  for (int i = 0; i < n * n; i++) {
    left[i] = (i % 17) * 0.5, right[i] = (i % 23) * 0.25;
  }
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      double sum = 0;
      for (int k = 0; k < n; k++) {
        sum += left[i * n + k] * right[k * n + j];
      }
      product[i * n + j] = sum;
    }
  }
  double total = 0;
  for (int i = 0; i < n * n; i++) {
    total += product[i];
  }
  return (int32_t)(total * 0.001);
}

// Strided byte stores.
int32_t EXPORT(sieve)(int32_t rounds) {
  int32_t count = 0;
  for (int round = 0; round < rounds; round++) {
    int32_t limit = (1 << 20) - round;
    for (int i = 0; i < limit; i++) {
      buffer[i] = 1;
    }
    for (int i = 2; i * i < limit; i++) {
      if (buffer[i]) {
        for (int j = i * i; j < limit; j += i) {
          buffer[j] = 0;
        }
      }
    }
    for (int i = 2; i < limit; i++) {
      count += buffer[i];
    }
  }
  return count;
}

// Dependent loads within the second-level cache.
typedef struct node {
  struct node *next;
  uint32_t value;
} node;

static node nodes[1 << 14];

int32_t EXPORT(chase)(int32_t steps) {
  const int count = 1 << 14;
  random_state = 99;
  for (int i = 0; i < count; i++) {
    words[i] = (uint32_t)i;
  }
  for (int i = count - 1; i > 0; i--) {
    uint32_t j = next_random() % (uint32_t)(i + 1), kept = words[i];
    words[i] = words[j], words[j] = kept;
  }
  for (int i = 0; i < count; i++) {
    nodes[words[i]].next = &nodes[words[(i + 1) % count]];
    nodes[words[i]].value = words[i] * 7;
  }
  uint32_t sum = 0;
  node *at = nodes;
  for (int i = 0; i < steps; i++) {
    sum = sum * 3 + at->value;
    at = at->next;
  }
  return (int32_t)sum;
}

// A table of words indexed by bytes.
int32_t EXPORT(crc)(int32_t rounds) {
  fill_buffer();
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) {
      value = value & 1 ? 0xedb88320u ^ (value >> 1) : value >> 1;
    }
    words[i] = value;
  }
  uint32_t crc = ~0u;
  for (int round = 0; round < rounds; round++) {
    for (size_t i = 0; i < sizeof buffer; i++) {
      crc = words[(crc ^ buffer[i]) & 255] ^ (crc >> 8);
    }
  }
  return (int32_t)~crc;
}

// Calls through the table.
typedef int (*comparison)(uint32_t, uint32_t);

static int ascending(uint32_t a, uint32_t b) { return a < b ? -1 : a > b; }
static int descending(uint32_t a, uint32_t b) { return a > b ? -1 : a < b; }
static int by_low_bits(uint32_t a, uint32_t b) { return ascending(a & 0xffff, b & 0xffff); }

static comparison volatile comparisons[] = {ascending, descending, by_low_bits};

static void quicksort(uint32_t *items, int low, int high, comparison compare) {
  while (low < high) {
    uint32_t pivot = items[(low + high) / 2];
    int i = low, j = high;
    while (i <= j) {
      while (compare(items[i], pivot) < 0) i++;
      while (compare(items[j], pivot) > 0) j--;
      if (i <= j) {
        uint32_t kept = items[i];
        items[i++] = items[j], items[j--] = kept;
      }
    }
    if (j - low < high - i) {
      quicksort(items, low, j, compare), low = i;
    } else {
      quicksort(items, i, high, compare), high = j;
    }
  }
}

int32_t EXPORT(sort)(int32_t count) {
  uint32_t check = 0;
  for (int kind = 0; kind < 3; kind++) {
    random_state = 777;
    for (int i = 0; i < count; i++) {
      words[i] = next_random();
    }
    quicksort(words, 0, count - 1, comparisons[kind]);
    check = check * 31 + (words[count / 2] & 0xffff) + words[0] % 1000;
  }
  return (int32_t)check;
}

// Floating point with an exit that cannot be foreseen.
int32_t EXPORT(mandel)(int32_t size) {
  int32_t total = 0;
  for (int y = 0; y < size; y++) {
    for (int x = 0; x < size; x++) {
      double cr = 3.0 * x / size - 2.0, ci = 2.0 * y / size - 1.0, zr = 0, zi = 0;
      int i = 0;
      while (i < 200 && zr * zr + zi * zi < 4.0) {
        double next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci, zr = next, i++;
      }
      total += i;
    }
  }
  return total;
}

// A bytecode interpreter: one switch in a loop.
enum { PUSH, ADD, SUB, MUL, XOR, SHIFT, DUP, SWAP, LOAD, STORE, LESS, JUMP, BRANCH, MAX, HALT };

static const int32_t program[] = {
    PUSH, 0, STORE, 0, PUSH, 1, STORE, 1,
    // 8: while (variable 0 < variable 2)
    LOAD, 0, LOAD, 2, LESS, BRANCH, 17, JUMP, 54,
    // 17: variable 1 = ((variable 1 * 31) ^ variable 0) + (variable 1 >> 3)
    LOAD, 1, DUP, PUSH, 31, MUL, LOAD, 0, XOR, SWAP, PUSH, 3, SHIFT, ADD, STORE, 1,
    // 33: variable 3 = max(variable 3 - 1, variable 1)
    LOAD, 3, PUSH, 1, SUB, LOAD, 1, MAX, STORE, 3,
    // 43: variable 0 += 1
    LOAD, 0, PUSH, 1, ADD, STORE, 0, JUMP, 8, HALT, HALT,
    // 54
    LOAD, 1, LOAD, 3, XOR, HALT,
};

int32_t EXPORT(vm)(int32_t count) {
  int32_t stack[64], variables[8] = {0};
  int top = 0, at = 0;
  variables[2] = count;
  for (;;) {
    switch (program[at++]) {
    case PUSH: stack[top++] = program[at++]; break;
    case ADD: top--, stack[top - 1] += stack[top]; break;
    case SUB: top--, stack[top - 1] -= stack[top]; break;
    case MUL: top--, stack[top - 1] *= stack[top]; break;
    case XOR: top--, stack[top - 1] ^= stack[top]; break;
    case SHIFT: top--, stack[top - 1] = (int32_t)((uint32_t)stack[top - 1] >> (stack[top] & 31)); break;
    case DUP: stack[top] = stack[top - 1], top++; break;
    case SWAP: {
      int32_t kept = stack[top - 1];
      stack[top - 1] = stack[top - 2], stack[top - 2] = kept;
      break;
    }
    case LOAD: stack[top++] = variables[program[at++]]; break;
    case STORE: variables[program[at++]] = stack[--top]; break;
    case LESS: top--, stack[top - 1] = stack[top - 1] < stack[top]; break;
    case JUMP: at = program[at]; break;
    case BRANCH: at = stack[--top] ? program[at] : at + 1; break;
    case MAX: top--, stack[top - 1] = stack[top - 1] > stack[top] ? stack[top - 1] : stack[top]; break;
    default: return stack[top - 1];
    }
  }
}

// Multiplication on 64 bits, one byte at a time.
int32_t EXPORT(fnv)(int32_t rounds) {
  fill_buffer();
  uint64_t hash = 14695981039346656037u;
  for (int round = 0; round < rounds; round++) {
    for (size_t i = 0; i < sizeof buffer; i++) {
      hash = (hash ^ buffer[i]) * 1099511628211u;
    }
  }
  return (int32_t)(hash ^ (hash >> 32));
}
