// The register tile every product is made of: M rows times NR columns, over k steps of depth.
//
// M * NV sums, NV vectors of b and one broadcast of a fit the registers (AVX2: 12 + 2 + 1 of 16; AVX-512: 24 + 4 + 1 of 32).
// A step of depth is 4 bytes of a and of each column of b: one float32, or a pair of bfloat16 whose two products are added.
#pragma once

#include "simd.h"

namespace lathe {
namespace LATHE_LEVEL {

#if defined(LATHE_AVX512) || defined(LATHE_EMULATED) || defined(LATHE_NEON)
constexpr int NV = 4;
#else
constexpr int NV = 2;
#endif
constexpr int MR = 6;
constexpr int NR = NV * W;

#if defined(LATHE_AVX512BF16) || defined(LATHE_EMULATED)
constexpr bool kMultipliesBf16 = true;
#else
constexpr bool kMultipliesBf16 = false;
#endif

struct Float32Steps {
  static constexpr int depth = 1;
  LATHE_INLINE F multiplyAdd(F sum, F a, F b) { return fma(a, b, sum); }
};

struct Bf16Steps {
  static constexpr int depth = 2;
  LATHE_INLINE F multiplyAdd(F sum, F a, F b) {
#if defined(LATHE_AVX512BF16)
    return (F)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
    const F upper = (F)((I)a & splatInt(-65536)) * (F)((I)b & splatInt(-65536));
    const F lower = (F)((I)a << 16) * (F)((I)b << 16);
    return sum + lower + upper;
#endif
  }
};

// What becomes of a tile's sums: c = sums * alpha * columnScale + bias + (accumulate ? c : 0).
struct TileOutput {
  float* c;
  std::int64_t row;          // distance between rows of c
  std::int64_t columns;      // of c that belong to the tile, up to NR
  const float* columnScale;  // at the tile's first column, or nullptr
  const float* bias;         // likewise
  float alpha;
  bool accumulate;
};

// a: element (r, step) at a[r * aRow + step * aStep]; b: V * W columns of a step at b[step * bStep]
template <class Steps, int V, int M>
static __attribute__((noinline)) void tile(std::int64_t k, const float* a, std::int64_t aRow, std::int64_t aStep,
                                           const float* b, std::int64_t bStep, const TileOutput& output) {
  F sums[M][V];
  LATHE_UNROLL
  for (int r = 0; r < M; r++) {
    LATHE_UNROLL
    for (int v = 0; v < V; v++) sums[r][v] = F{};
  }
  for (; k > 0; k--, a += aStep, b += bStep) {
    F columns[V];
    LATHE_UNROLL
    for (int v = 0; v < V; v++) columns[v] = load(b + v * W);
    LATHE_UNROLL
    for (int r = 0; r < M; r++) {
      const F row = splat(a[r * aRow]);
      LATHE_UNROLL
      for (int v = 0; v < V; v++) sums[r][v] = Steps::multiplyAdd(sums[r][v], row, columns[v]);
    }
  }
  F scales[V];
  F biases[V];
  LATHE_UNROLL
  for (int v = 0; v < V; v++) {
    const std::int64_t left = output.columns - v * W;
    scales[v] = splat(output.alpha);
    biases[v] = F{};
    if (left <= 0) continue;
    if (output.columnScale != nullptr) scales[v] = scales[v] * loadUpTo(output.columnScale + v * W, left);
    if (output.bias != nullptr) biases[v] = loadUpTo(output.bias + v * W, left);
  }
  if (output.columns == V * W) {
    LATHE_UNROLL
    for (int r = 0; r < M; r++) {
      float* c = output.c + r * output.row;
      LATHE_UNROLL
      for (int v = 0; v < V; v++) {
        const F base = output.accumulate ? biases[v] + load(c + v * W) : biases[v];
        store(c + v * W, fma(sums[r][v], scales[v], base));
      }
    }
    return;
  }
  LATHE_UNROLL
  for (int r = 0; r < M; r++) {
    float* c = output.c + r * output.row;
    LATHE_UNROLL
    for (int v = 0; v < V; v++) {
      const std::int64_t left = output.columns - v * W;
      if (left <= 0) continue;
      const F base = output.accumulate ? biases[v] + loadUpTo(c + v * W, left) : biases[v];
      storeUpTo(c + v * W, fma(sums[r][v], scales[v], base), left);
    }
  }
}

using TileKernel = void (*)(std::int64_t, const float*, std::int64_t, std::int64_t, const float*, std::int64_t,
                            const TileOutput&);

template <class Steps, int V>
constexpr TileKernel tilesOfWidth[MR] = {tile<Steps, V, 1>, tile<Steps, V, 2>, tile<Steps, V, 3>,
                                         tile<Steps, V, 4>, tile<Steps, V, 5>, tile<Steps, V, 6>};

// The tile for a number of rows, 1 to MR, and of columns, 1 to NR: no wider than the columns need.
template <class Steps>
LATHE_INLINE TileKernel tileFor(std::int64_t rows, std::int64_t columns) {
  if constexpr (NV == 4) {
    if (columns <= W) return tilesOfWidth<Steps, 1>[rows - 1];
    if (columns > 3 * W) return tilesOfWidth<Steps, 4>[rows - 1];
    if (columns > 2 * W) return tilesOfWidth<Steps, 3>[rows - 1];
    return tilesOfWidth<Steps, 2>[rows - 1];
  } else {
    return columns <= W ? tilesOfWidth<Steps, 1>[rows - 1] : tilesOfWidth<Steps, 2>[rows - 1];
  }
}

// c [rows, output.columns <= NR], tile by tile down the rows.
template <class Steps>
LATHE_INLINE void tileColumn(std::int64_t rows, std::int64_t k, const float* a, std::int64_t aRow, std::int64_t aStep,
                             const float* b, std::int64_t bStep, TileOutput output) {
  for (std::int64_t r = 0; r < rows; r += MR) {
    tileFor<Steps>(smaller(MR, rows - r), output.columns)(k, a + r * aRow, aRow, aStep, b, bStep, output);
    output.c += MR * output.row;
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
