// The vector type a level computes with: F, W float32 lanes. Kernels are written once over it and compiled once a level.
//
// Arithmetic is GCC's and Clang's vector extension (operators on F and I); only what it lacks is spelled in intrinsics.
// Multiplication and addition fuse where `fma` says so and nowhere else (-ffp-contract=off), so that an element has the
// same bits wherever in a vector or a tail it falls.
//
// LATHE_EMULATED makes a level of 16 lanes with bf16 products out of portable code: it runs the control flow of the
// AVX-512 levels, tails and layouts included, on machines without AVX-512; with LATHE_EMULATED_TILES that of the AMX level.
// Tests build it; nothing ships it.
#pragma once

#include <cstdint>
#include <cstring>

#if !defined(LATHE_EMULATED) && !defined(LATHE_PORTABLE)
#if defined(__AVX512F__)
#define LATHE_AVX512 1
#endif
#if defined(__AVX512BF16__)
#define LATHE_AVX512BF16 1
#endif
#if defined(__AMX_BF16__) && defined(__AMX_INT8__)
#define LATHE_AMX 1
#endif
#if defined(__AVX2__)
#define LATHE_AVX2 1
#include <immintrin.h>
#endif
#if defined(__aarch64__)
#define LATHE_NEON 1
#include <arm_neon.h>
#endif
#endif

// Products of bf16 and of int8 are made of tile registers.
#if defined(LATHE_AMX) || defined(LATHE_EMULATED_TILES)
#define LATHE_TILE_REGISTERS 1
#endif

#if defined(__clang__)
#define LATHE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define LATHE_UNROLL _Pragma("GCC unroll 32")
#endif
#define LATHE_INLINE static inline __attribute__((always_inline))

namespace lathe {
namespace LATHE_LEVEL {

#if defined(LATHE_AVX512) || defined(LATHE_EMULATED)
constexpr int W = 16;
#elif defined(LATHE_AVX2)
constexpr int W = 8;
#else
constexpr int W = 4;
#endif

typedef float F __attribute__((vector_size(W * 4)));
typedef std::int32_t I __attribute__((vector_size(W * 4)));
typedef float UnalignedF __attribute__((vector_size(W * 4), aligned(4), may_alias));
typedef std::int32_t UnalignedI __attribute__((vector_size(W * 4), aligned(4), may_alias));

LATHE_INLINE F load(const float* p) { return (F) * reinterpret_cast<const UnalignedF*>(p); }
LATHE_INLINE void store(float* p, F v) { *reinterpret_cast<UnalignedF*>(p) = (UnalignedF)v; }
// From so many bytes on, results are written past the caches, which is faster than having their lines fetched first: measured
// on processors with tile registers (2.5 times as fast from 64 MiB on, the same at 8 MiB).
constexpr std::int64_t kStreamedBytes = std::int64_t{12} << 20;
#if defined(LATHE_TILE_REGISTERS)
constexpr bool kStreamsResults = true;
#else
constexpr bool kStreamsResults = false;
#endif

// Past the caches, to an address that is a multiple of the vector's bytes; seen by other threads after finishStreams.
LATHE_INLINE void storePast(float* p, F v) {
#if defined(LATHE_AVX512)
  _mm512_stream_ps(p, (__m512)v);
#elif defined(LATHE_AVX2)
  _mm256_stream_ps(p, (__m256)v);
#else
  store(p, v);
#endif
}
LATHE_INLINE void finishStreams() {
#if defined(LATHE_AVX2)
  _mm_sfence();
#endif
}
// The same vector, which the compiler is to load once and keep in a register where several operations take it: it would fold a
// load into each of them, and loads are then what bounds a product.
LATHE_INLINE F inRegister(F v) {
#if defined(LATHE_AVX2)
  __asm__("" : "+v"(v));
#elif defined(LATHE_NEON)
  __asm__("" : "+w"(v));
#endif
  return v;
}
LATHE_INLINE I loadInts(const std::int32_t* p) { return (I) * reinterpret_cast<const UnalignedI*>(p); }
LATHE_INLINE void storeInts(std::int32_t* p, I v) { *reinterpret_cast<UnalignedI*>(p) = (UnalignedI)v; }
LATHE_INLINE F splat(float value) {
#if defined(LATHE_AVX512)
  return (F)_mm512_set1_ps(value);
#elif defined(LATHE_AVX2)
  return (F)_mm256_set1_ps(value);
#elif defined(LATHE_EMULATED)
  F v;
  for (int i = 0; i < W; i++) v[i] = value;
  return v;
#else
  return F{value, value, value, value};
#endif
}
LATHE_INLINE I splatInt(std::int32_t value) { return I{} + value; }

// The first `count` floats (0 < count < W), the other lanes zero.
LATHE_INLINE F loadPart(const float* p, std::int64_t count) {
#if defined(LATHE_AVX512)
  return (F)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#elif defined(LATHE_AVX2)
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return (F)_mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lanes));
#else
  F v = {};
  for (std::int64_t i = 0; i < count; i++) v[i] = p[i];
  return v;
#endif
}
LATHE_INLINE void storePart(float* p, F v, std::int64_t count) {
#if defined(LATHE_AVX512)
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
#elif defined(LATHE_AVX2)
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  _mm256_maskstore_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lanes), (__m256)v);
#else
  for (std::int64_t i = 0; i < count; i++) p[i] = v[i];
#endif
}
LATHE_INLINE F loadUpTo(const float* p, std::int64_t count) { return count >= W ? load(p) : loadPart(p, count); }
// loadUpTo with `filling` in the other lanes.
LATHE_INLINE F loadFilled(const float* p, std::int64_t count, float filling) {
  if (count >= W) return load(p);
  I lanes;
  for (int i = 0; i < W; i++) lanes[i] = i;
  const I isFilling = (I)(lanes >= splatInt((std::int32_t)count));
  return (F)((~isFilling & (I)loadPart(p, count)) | (isFilling & (I)splat(filling)));
}
LATHE_INLINE void storeUpTo(float* p, F v, std::int64_t count) {
  if (count >= W) store(p, v);
  else storePart(p, v, count);
}

// a * b + c, rounded once where the machine can.
LATHE_INLINE F fma(F a, F b, F c) {
#if defined(LATHE_AVX512)
  return (F)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(LATHE_AVX2)
  return (F)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(LATHE_NEON)
  return (F)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}

// Lanes of a where the mask is all ones, of b where it is zero.
LATHE_INLINE F select(I mask, F a, F b) { return (F)((mask & (I)a) | (~mask & (I)b)); }

LATHE_INLINE F magnitude(F v) { return (F)((I)v & splatInt(0x7fffffff)); }

// A NaN in b comes through, one in a does not.
LATHE_INLINE F maximum(F a, F b) {
#if defined(LATHE_AVX512)
  return (F)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(LATHE_AVX2)
  return (F)_mm256_max_ps((__m256)a, (__m256)b);
#else
  return select((I)(a > b), a, b);
#endif
}
LATHE_INLINE F minimum(F a, F b) {
#if defined(LATHE_AVX512)
  return (F)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(LATHE_AVX2)
  return (F)_mm256_min_ps((__m256)a, (__m256)b);
#else
  return select((I)(a < b), a, b);
#endif
}
LATHE_INLINE F squareRoot(F a) {
#if defined(LATHE_AVX512)
  return (F)_mm512_sqrt_ps((__m512)a);
#elif defined(LATHE_AVX2)
  return (F)_mm256_sqrt_ps((__m256)a);
#elif defined(LATHE_NEON)
  return (F)vsqrtq_f32((float32x4_t)a);
#else
  F v;
  for (int i = 0; i < W; i++) v[i] = __builtin_sqrtf(a[i]);
  return v;
#endif
}

// Halves are added to halves: the same tree of additions every time.
LATHE_INLINE float sumOf(F v) {
#if defined(LATHE_AVX2)
#if defined(LATHE_AVX512)
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256((__m512)v), _mm512_extractf32x8_ps((__m512)v, 1));
#else
  const __m256 eight = (__m256)v;
#endif
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
#else
  float lanes[W];
  store(lanes, v);
  LATHE_UNROLL
  for (int width = W / 2; width > 0; width /= 2) {
    LATHE_UNROLL
    for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
  }
  return lanes[0];
#endif
}
// NaN where a lane is.
LATHE_INLINE float largestOf(F v) {
#if defined(LATHE_AVX512)
  if (_mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q) != 0) return __builtin_nanf("");
  return _mm512_reduce_max_ps((__m512)v);
#endif
  float lanes[W];
  store(lanes, v);
  float largest = lanes[0];
  for (int i = 1; i < W; i++) {
    if (lanes[i] > largest || lanes[i] != lanes[i]) largest = lanes[i];
  }
  return largest;
}

LATHE_INLINE std::int32_t largestOfInts(I v) {
#if defined(LATHE_AVX512)
  return _mm512_reduce_max_epi32((__m512i)v);
#else
  std::int32_t lanes[W];
  storeInts(lanes, v);
  std::int32_t largest = lanes[0];
  for (int i = 1; i < W; i++) largest = lanes[i] > largest ? lanes[i] : largest;
  return largest;
#endif
}

LATHE_INLINE std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
LATHE_INLINE std::int64_t larger(std::int64_t a, std::int64_t b) { return a > b ? a : b; }
LATHE_INLINE std::int64_t ceilDivide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace LATHE_LEVEL
}  // namespace lathe
