// y = x W^T + b and dx = dy W over packed weights, and general products of float32 matrices.
#pragma once

#include "product.h"

namespace lathe {
namespace LATHE_LEVEL {

template <int Number>
struct Count {
  static constexpr int value = Number;
};

constexpr std::int64_t kFewRows = 4;  // up to here a product is bound by reading the weights, not by multiplying

// Sums of N rows of x by R rows of weights from `first` on, in vectors along the inputs.
template <class Type, int N, int R>
LATHE_INLINE void dotRows(const float* x, const Weight& weight, std::int64_t first, float (&sums)[R][N]) {
  const std::int64_t inputs = weight.columns;
  F even[R][N];
  F odd[R][N];
  LATHE_UNROLL
  for (int r = 0; r < R; r++) {
    LATHE_UNROLL
    for (int n = 0; n < N; n++) even[r][n] = odd[r][n] = F{};
  }
  const auto* codes = static_cast<const typename Type::Code*>(weight.codes) + first * inputs;
  std::int64_t i = 0;
  for (; i + 2 * W <= inputs; i += 2 * W) {
    LATHE_UNROLL
    for (int r = 0; r < R; r++) {
      // Rows are short, and the hardware starts anew with each: ask for the same place in the next rows.
      __builtin_prefetch(codes + (R + r) * inputs + i);
      const F near = Type::widen(codes + r * inputs + i);
      const F far = Type::widen(codes + r * inputs + i + W);
      LATHE_UNROLL
      for (int n = 0; n < N; n++) {
        even[r][n] = fma(near, load(x + n * inputs + i), even[r][n]);
        odd[r][n] = fma(far, load(x + n * inputs + i + W), odd[r][n]);
      }
    }
  }
  for (; i < inputs; i += W) {
    const std::int64_t left = inputs - i;
    LATHE_UNROLL
    for (int r = 0; r < R; r++) {
      const F codesHere = widenUpTo<Type>(codes + r * inputs + i, left);
      LATHE_UNROLL
      for (int n = 0; n < N; n++) even[r][n] = fma(codesHere, loadUpTo(x + n * inputs + i, left), even[r][n]);
    }
  }
  LATHE_UNROLL
  for (int r = 0; r < R; r++) {
    LATHE_UNROLL
    for (int n = 0; n < N; n++) sums[r][n] = sumOf(even[r][n] + odd[r][n]);
  }
}

// The same for nf4: each block is summed by itself and then scaled.
template <int N, int R>
LATHE_INLINE void dotNf4Rows(const float* x, const Weight& weight, std::int64_t first, float (&sums)[R][N]) {
  const std::int64_t inputs = weight.columns;
  const std::int64_t blocks = ceilDivide(inputs, kNf4Block);
  const std::int64_t rowBytes = (inputs + 1) / 2;
  const auto* codes = static_cast<const std::uint8_t*>(weight.codes) + first * rowBytes;
  const Nf4Tables tables;
  F totals[R][N];
  LATHE_UNROLL
  for (int r = 0; r < R; r++) {
    LATHE_UNROLL
    for (int n = 0; n < N; n++) totals[r][n] = F{};
  }
  for (std::int64_t block = 0; block < blocks; block++) {
    const std::int64_t start = block * kNf4Block;
    const std::int64_t end = smaller(inputs, start + kNf4Block);
    LATHE_UNROLL
    for (int r = 0; r < R; r++) {
      F inBlock[N];
      LATHE_UNROLL
      for (int n = 0; n < N; n++) inBlock[n] = F{};
      if (end - start == kNf4Block) {
        __builtin_prefetch(codes + (R + r) * rowBytes + start / 2);
        LATHE_UNROLL
        for (std::int64_t i = 0; i < kNf4Block; i += 4 * W) {
          F values[4];
          tables.lookUp(codes + r * rowBytes + (start + i) / 2, values);
          LATHE_UNROLL
          for (int v = 0; v < 4; v++) {
            LATHE_UNROLL
            for (int n = 0; n < N; n++) inBlock[n] = fma(values[v], load(x + n * inputs + start + i + v * W), inBlock[n]);
          }
        }
      } else {
        for (std::int64_t i = start; i < end; i += W) {
          const F values = lookUpNf4UpTo(codes + r * rowBytes + i / 2, end - i);
          LATHE_UNROLL
          for (int n = 0; n < N; n++) inBlock[n] = fma(values, loadUpTo(x + n * inputs + i, end - i), inBlock[n]);
        }
      }
      const F scale = splat(scaleOfBlock(weight, (first + r) * blocks + block));
      LATHE_UNROLL
      for (int n = 0; n < N; n++) totals[r][n] = fma(inBlock[n], scale, totals[r][n]);
    }
  }
  LATHE_UNROLL
  for (int r = 0; r < R; r++) {
    LATHE_UNROLL
    for (int n = 0; n < N; n++) sums[r][n] = sumOf(totals[r][n]);
  }
}

template <class Type, int N>
static void fewRows(const float* x, const Weight& w, const float* bias, float* y, float alpha, bool accumulate) {
  constexpr int R = N == 1 ? 4 : N == 2 ? 2 : 1;  // chains of additions enough to hide their latency
  constexpr std::int64_t perJob = 32;
  const float* const scales = w.format == Format::int8 ? w.scales : nullptr;
  parallel(ceilDivide(w.rows, perJob), [&](std::int64_t job) {
    const std::int64_t end = smaller(w.rows, (job + 1) * perJob);
    std::int64_t o = job * perJob;
    const auto put = [&](std::int64_t output, int n, float sum) {
      float& target = y[n * w.rows + output];
      const float base = (accumulate ? target : 0.0f) + (bias == nullptr ? 0.0f : bias[output]);
      target = base + sum * (scales == nullptr ? alpha : alpha * scales[output]);
    };
    const auto rowsAt = [&](auto count) {
      constexpr int rows = decltype(count)::value;
      float sums[rows][N];
      if constexpr (IsNf4<Type>::value) dotNf4Rows<N, rows>(x, w, o, sums);
      else dotRows<Type, N, rows>(x, w, o, sums);
      for (int r = 0; r < rows; r++) {
        for (int n = 0; n < N; n++) put(o + r, n, sums[r][n]);
      }
      o += rows;
    };
    while (o + R <= end) rowsAt(Count<R>{});
    while (o < end) rowsAt(Count<1>{});
  });
}

static void fewRowsOf(const float* x, const Weight& w, const float* bias, float* y, std::int64_t N, float alpha,
                      bool accumulate) {
  withFormat(w.format, [&](auto type) {
    using Type = decltype(type);
    switch (N) {
      case 4: return fewRows<Type, 4>(x, w, bias, y, alpha, accumulate);
      case 3: fewRows<Type, 1>(x + 2 * w.columns, w, bias, y + 2 * w.rows, alpha, accumulate); [[fallthrough]];
      case 2: return fewRows<Type, 2>(x, w, bias, y, alpha, accumulate);
      default: return fewRows<Type, 1>(x, w, bias, y, alpha, accumulate);
    }
  });
}

static void linear(const float* x, const LinearOutput* outputs, std::int64_t count, std::int64_t N,
                   const ProductOptions& options) {
  if (N == 0 || count == 0) return;
  const std::int64_t inputs = outputs[0].weight.columns;
  if (N <= kFewRows) {
    for (std::int64_t i = 0; i < count; i++) {
      const LinearOutput& o = outputs[i];
      fewRowsOf(x, o.weight, o.bias, o.y, N, options.alpha, options.accumulate);
      if (o.lowRank.rank == 0) continue;
      const Weight right = {Format::fp32, o.lowRank.right, nullptr, o.weight.rows, o.lowRank.rank, nullptr, nullptr, nullptr, 0};
      fewRowsOf(o.lowRank.left, right, nullptr, o.y, N, o.lowRank.scale, true);
    }
    return;
  }
  // Weights that are multiplied in the same way share the packed rows.
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    Factor factors[kMostFactors];
    std::int64_t together = 0;
    for (std::int64_t i = 0; i < count; i++) {
      const LinearOutput& o = outputs[i];
      if (precisionFor(o.weight.format, options.precision) == precision) {
        factors[together++] = {o.weight, true, o.bias, o.y, o.lowRank};
      }
      if (together == 0 || (together < kMostFactors && i + 1 < count)) continue;
      multiply({N, inputs, x, inputs, 1, factors, together, options.alpha, options.accumulate}, precision,
               options.outlierRatio);
      together = 0;
    }
  }
}

static void linearInputGradient(const float* dy, const Weight& w, float* dx, const LowRank& lowRank, std::int64_t N,
                                const ProductOptions& options) {
  const Factor factor = {w, false, nullptr, dx, lowRank};
  const Precision wanted = N <= kFewRows ? Precision::fp32 : options.precision;
  multiply({N, w.rows, dy, w.rows, 1, &factor, 1, options.alpha, options.accumulate}, precisionFor(w.format, wanted),
           options.outlierRatio);
}

static void gemm(const Gemm& g) {
  if (g.n == 0) return;
  Factor factor = {};
  factor.weight = {Format::fp32, g.b, nullptr, g.transposeB ? g.n : g.k, g.transposeB ? g.k : g.n, nullptr, nullptr, nullptr, 0};
  factor.isTransposed = g.transposeB;
  factor.c = g.c;
  multiply({g.m, g.k, g.a, g.transposeA ? 1 : g.k, g.transposeA ? g.m : 1, &factor, 1, g.alpha, g.accumulate},
           Precision::fp32, 0.0f);
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
