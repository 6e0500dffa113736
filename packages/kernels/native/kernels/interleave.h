// Rows to panels: panel[k * R + r] = rows[r][k], so that a step of depth finds its R values side by side.
#pragma once

#include "simd.h"

namespace lathe {
namespace LATHE_LEVEL {

#if defined(LATHE_AVX2)
constexpr int T = 8;  // rows and steps of a block that is transposed in registers
using Block = __m256;
LATHE_INLINE Block loadBlock(const float* p) { return _mm256_loadu_ps(p); }
LATHE_INLINE void storeBlock(float* p, Block v) { _mm256_storeu_ps(p, v); }
LATHE_INLINE void transposeBlock(Block (&v)[T]) {
  const Block a0 = _mm256_unpacklo_ps(v[0], v[1]), a1 = _mm256_unpackhi_ps(v[0], v[1]);
  const Block a2 = _mm256_unpacklo_ps(v[2], v[3]), a3 = _mm256_unpackhi_ps(v[2], v[3]);
  const Block a4 = _mm256_unpacklo_ps(v[4], v[5]), a5 = _mm256_unpackhi_ps(v[4], v[5]);
  const Block a6 = _mm256_unpacklo_ps(v[6], v[7]), a7 = _mm256_unpackhi_ps(v[6], v[7]);
  const Block b0 = _mm256_shuffle_ps(a0, a2, 0x44), b1 = _mm256_shuffle_ps(a0, a2, 0xee);
  const Block b2 = _mm256_shuffle_ps(a1, a3, 0x44), b3 = _mm256_shuffle_ps(a1, a3, 0xee);
  const Block b4 = _mm256_shuffle_ps(a4, a6, 0x44), b5 = _mm256_shuffle_ps(a4, a6, 0xee);
  const Block b6 = _mm256_shuffle_ps(a5, a7, 0x44), b7 = _mm256_shuffle_ps(a5, a7, 0xee);
  v[0] = _mm256_permute2f128_ps(b0, b4, 0x20);
  v[1] = _mm256_permute2f128_ps(b1, b5, 0x20);
  v[2] = _mm256_permute2f128_ps(b2, b6, 0x20);
  v[3] = _mm256_permute2f128_ps(b3, b7, 0x20);
  v[4] = _mm256_permute2f128_ps(b0, b4, 0x31);
  v[5] = _mm256_permute2f128_ps(b1, b5, 0x31);
  v[6] = _mm256_permute2f128_ps(b2, b6, 0x31);
  v[7] = _mm256_permute2f128_ps(b3, b7, 0x31);
}
#else
constexpr int T = 4;
typedef float Block __attribute__((vector_size(16)));
typedef float UnalignedBlock __attribute__((vector_size(16), aligned(1), may_alias));  // rows may be pairs of bfloat16
LATHE_INLINE Block loadBlock(const float* p) { return (Block) * reinterpret_cast<const UnalignedBlock*>(p); }
LATHE_INLINE void storeBlock(float* p, Block v) { *reinterpret_cast<UnalignedBlock*>(p) = (UnalignedBlock)v; }
LATHE_INLINE void transposeBlock(Block (&v)[T]) {
  const Block a0 = __builtin_shufflevector(v[0], v[1], 0, 4, 1, 5), a1 = __builtin_shufflevector(v[0], v[1], 2, 6, 3, 7);
  const Block a2 = __builtin_shufflevector(v[2], v[3], 0, 4, 1, 5), a3 = __builtin_shufflevector(v[2], v[3], 2, 6, 3, 7);
  v[0] = __builtin_shufflevector(a0, a2, 0, 1, 4, 5);
  v[1] = __builtin_shufflevector(a0, a2, 2, 3, 6, 7);
  v[2] = __builtin_shufflevector(a1, a3, 0, 1, 4, 5);
  v[3] = __builtin_shufflevector(a1, a3, 2, 3, 6, 7);
}
#endif

#if defined(LATHE_AVX512)
// The same of 16 x 16, whole cache lines in and out.
struct WideBlocks {
  static constexpr int edge = 16;
  using Vector = __m512;
  LATHE_INLINE Vector load(const float* p) { return _mm512_loadu_ps(p); }
  LATHE_INLINE void store(float* p, Vector v) { _mm512_storeu_ps(p, v); }
  LATHE_INLINE void transpose(Vector (&v)[edge]) {
    Vector w[edge];
    LATHE_UNROLL
    for (int i = 0; i < edge; i += 2) {
      w[i] = _mm512_unpacklo_ps(v[i], v[i + 1]);
      w[i + 1] = _mm512_unpackhi_ps(v[i], v[i + 1]);
    }
    // v[4 g + j]: column j of each quarter, of rows 4 g to 4 g + 3
    LATHE_UNROLL
    for (int g = 0; g < edge; g += 4) {
      v[g] = _mm512_shuffle_ps(w[g], w[g + 2], 0x44);
      v[g + 1] = _mm512_shuffle_ps(w[g], w[g + 2], 0xee);
      v[g + 2] = _mm512_shuffle_ps(w[g + 1], w[g + 3], 0x44);
      v[g + 3] = _mm512_shuffle_ps(w[g + 1], w[g + 3], 0xee);
    }
    LATHE_UNROLL
    for (int j = 0; j < 4; j++) {
      const Vector even01 = _mm512_shuffle_f32x4(v[j], v[j + 4], 0x88), odd01 = _mm512_shuffle_f32x4(v[j], v[j + 4], 0xdd);
      const Vector even23 = _mm512_shuffle_f32x4(v[j + 8], v[j + 12], 0x88);
      const Vector odd23 = _mm512_shuffle_f32x4(v[j + 8], v[j + 12], 0xdd);
      w[j] = _mm512_shuffle_f32x4(even01, even23, 0x88);
      w[j + 4] = _mm512_shuffle_f32x4(odd01, odd23, 0x88);
      w[j + 8] = _mm512_shuffle_f32x4(even01, even23, 0xdd);
      w[j + 12] = _mm512_shuffle_f32x4(odd01, odd23, 0xdd);
    }
    LATHE_UNROLL
    for (int i = 0; i < edge; i++) v[i] = w[i];
  }
};

constexpr std::int64_t kStepsAhead = 128;  // asked for before they are needed: no hardware foresees so many rows at a time

template <int R, bool isFetched>
LATHE_INLINE std::int64_t interleaveWide(const float* const* rows, std::int64_t k, float* panel) {
  std::int64_t step = 0;
  for (; step + WideBlocks::edge <= k; step += WideBlocks::edge) {
    for (int g = 0; g < R; g += WideBlocks::edge) {
      WideBlocks::Vector block[WideBlocks::edge];
      LATHE_UNROLL
      for (int i = 0; i < WideBlocks::edge; i++) {
        if constexpr (isFetched) __builtin_prefetch(rows[g + i] + step + kStepsAhead);
        block[i] = WideBlocks::load(rows[g + i] + step);
      }
      WideBlocks::transpose(block);
      LATHE_UNROLL
      for (int i = 0; i < WideBlocks::edge; i++) WideBlocks::store(panel + (step + i) * R + g, block[i]);
    }
  }
  return step;
}
#endif

// rows: R pointers at any address (repeat one where there are fewer); panel [k, R]. R need not be a multiple of T: a store
// that reaches over the end of a step is overwritten by the next, and the last step is stored lane by lane. `isFetched`: not asked
// for by the caller, where the level asks at all.
template <int R, bool isFetched = true>
static __attribute__((noinline)) void interleave(const float* const* rows, std::int64_t k, float* panel) {
  constexpr int groups = (R + T - 1) / T;
  std::int64_t step = 0;
#if defined(LATHE_AVX512)
  if constexpr (R % WideBlocks::edge == 0) step = interleaveWide<R, isFetched>(rows, k, panel);
#endif
  const std::int64_t whole = R % T == 0 ? k : k - 1;
  for (; step + T <= whole; step += T) {
    if constexpr (R % T == 0) {
      for (int g = 0; g < groups; g++) {
        Block block[T];
        LATHE_UNROLL
        for (int i = 0; i < T; i++) block[i] = loadBlock(rows[g * T + i] + step);
        transposeBlock(block);
        LATHE_UNROLL
        for (int i = 0; i < T; i++) storeBlock(panel + (step + i) * R + g * T, block[i]);
      }
    } else {
      Block block[groups][T];
      LATHE_UNROLL
      for (int g = 0; g < groups; g++) {
        LATHE_UNROLL
        for (int i = 0; i < T; i++) block[g][i] = loadBlock(rows[g * T + i < R ? g * T + i : R - 1] + step);
        transposeBlock(block[g]);
      }
      LATHE_UNROLL
      for (int i = 0; i < T; i++) {
        LATHE_UNROLL
        for (int g = 0; g < groups; g++) storeBlock(panel + (step + i) * R + g * T, block[g][i]);
      }
    }
  }
  for (; step < k; step++) {
    for (int r = 0; r < R; r++) {
      std::memcpy(panel + step * R + r, reinterpret_cast<const char*>(rows[r]) + step * 4, sizeof(float));
    }
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
