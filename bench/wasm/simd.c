// Kernels on vectors of 128 bits. Each takes a size and returns a number that depends on all of its work.
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name))) name

static float xs[4096], ys[4096];
static uint8_t text[1 << 16], hex[1 << 17];

static int32_t bits_of(float value) {
  union {
    float value;
    int32_t bits;
  } both = {.value = value};
  return both.bits;
}

static void fill_floats(void) {
  for (int i = 0; i < 4096; i++) {
    xs[i] = (float)(i % 19) * 0.25f, ys[i] = (float)(i % 7) * 0.5f;
  }
}

static void fill_text(void) {
  uint32_t state = 4242;
  for (int i = 0; i < (int)sizeof text; i++) {
    state = state * 1664525u + 1013904223u;
    text[i] = (uint8_t)(state >> 24);
  }
}

// y = a x + y.
int32_t EXPORT(axpy)(int32_t rounds) {
  fill_floats();
  const v128_t a = wasm_f32x4_splat(0.0001f);
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < 4096; i += 4) {
      v128_t y = wasm_f32x4_add(wasm_f32x4_mul(a, wasm_v128_load(xs + i)), wasm_v128_load(ys + i));
      wasm_v128_store(ys + i, y);
    }
  }
  float sum = 0;
  for (int i = 0; i < 4096; i++) {
    sum += ys[i];
  }
  return bits_of(sum);
}

// The sum of x y, with four sums side by side.
int32_t EXPORT(dot)(int32_t rounds) {
  fill_floats();
  v128_t s0 = wasm_f32x4_splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < 4096; i += 16) {
      s0 = wasm_f32x4_add(s0, wasm_f32x4_mul(wasm_v128_load(xs + i), wasm_v128_load(ys + i)));
      s1 = wasm_f32x4_add(s1, wasm_f32x4_mul(wasm_v128_load(xs + i + 4), wasm_v128_load(ys + i + 4)));
      s2 = wasm_f32x4_add(s2, wasm_f32x4_mul(wasm_v128_load(xs + i + 8), wasm_v128_load(ys + i + 8)));
      s3 = wasm_f32x4_add(s3, wasm_f32x4_mul(wasm_v128_load(xs + i + 12), wasm_v128_load(ys + i + 12)));
    }
  }
  s0 = wasm_f32x4_add(wasm_f32x4_add(s0, s1), wasm_f32x4_add(s2, s3));
  return bits_of(wasm_f32x4_extract_lane(s0, 0) + wasm_f32x4_extract_lane(s0, 1) +
                 (wasm_f32x4_extract_lane(s0, 2) + wasm_f32x4_extract_lane(s0, 3)));
}

// Letters change their case, and those that did are counted: comparisons, masks and bit masks on bytes.
int32_t EXPORT(letters)(int32_t rounds) {
  fill_text();
  int32_t count = 0;
  for (int round = 0; round < rounds; round++) {
    const v128_t first = wasm_i8x16_splat((int8_t)(round & 1 ? 'A' : 'a')), bit = wasm_i8x16_splat(0x20);
    for (int i = 0; i < (int)sizeof text; i += 16) {
      v128_t bytes = wasm_v128_load(text + i);
      v128_t hits = wasm_u8x16_lt(wasm_i8x16_sub(bytes, first), wasm_i8x16_splat(26));
      wasm_v128_store(text + i, wasm_v128_xor(bytes, wasm_v128_and(hits, bit)));
      count += __builtin_popcount(wasm_i8x16_bitmask(hits));
    }
  }
  return count;
}

// Bytes to hexadecimal digits: shifts, a table lookup by swizzle, and shuffles.
int32_t EXPORT(hexadecimal)(int32_t rounds) {
  fill_text();
  const v128_t digits = wasm_i8x16_make('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f');
  const v128_t low = wasm_i8x16_splat(15);
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < (int)sizeof text; i += 16) {
      v128_t bytes = wasm_v128_load(text + i);
      v128_t upper = wasm_i8x16_swizzle(digits, wasm_u8x16_shr(bytes, 4));
      v128_t lower = wasm_i8x16_swizzle(digits, wasm_v128_and(bytes, low));
      wasm_v128_store(hex + 2 * i, wasm_i8x16_shuffle(upper, lower, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
      wasm_v128_store(hex + 2 * i + 16,
                      wasm_i8x16_shuffle(upper, lower, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
    }
    text[round & 0xffff] ^= hex[(round * 7) & 0x1ffff];
  }
  uint32_t check = 0;
  for (int i = 0; i < (int)sizeof hex; i++) {
    check = check * 31 + hex[i];
  }
  return (int32_t)check;
}
