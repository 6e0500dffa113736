// y = x W^T + b and dx = dy W over packed weights, and general products of float32 matrices.
#pragma once

#include "product.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kFewRows = 4;  // up to here a product is bound by reading the weights, not by multiplying

// y[n, o ... o + R] of N rows by R rows of weights, in vectors along the inputs.
template <class Type, int N, int R>
LATHE_INLINE void dotRows(const float* x, const typename Type::Code* codes, std::int64_t inputs, float (&sums)[R][N]) {
  F even[R][N];
  F odd[R][N];
  LATHE_UNROLL
  for (int r = 0; r < R; r++) {
    LATHE_UNROLL
    for (int n = 0; n < N; n++) even[r][n] = odd[r][n] = F{};
  }
  std::int64_t i = 0;
  for (; i + 2 * W <= inputs; i += 2 * W) {
    LATHE_UNROLL
    for (int r = 0; r < R; r++) {
      const F first = Type::widen(codes + r * inputs + i);
      const F second = Type::widen(codes + r * inputs + i + W);
      LATHE_UNROLL
      for (int n = 0; n < N; n++) {
        even[r][n] = fma(first, load(x + n * inputs + i), even[r][n]);
        odd[r][n] = fma(second, load(x + n * inputs + i + W), odd[r][n]);
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

template <class Type, int N>
static void fewRows(const float* x, const Weight& w, const float* bias, float* y, float alpha, bool accumulate) {
  constexpr int R = N == 1 ? 4 : N == 2 ? 2 : 1;  // chains of additions enough to hide their latency
  constexpr std::int64_t perJob = 32;
  const auto* codes = static_cast<const typename Type::Code*>(w.codes);
  parallel(ceilDivide(w.rows, perJob), [&](std::int64_t job) {
    const std::int64_t end = smaller(w.rows, (job + 1) * perJob);
    std::int64_t o = job * perJob;
    const auto put = [&](std::int64_t output, int n, float sum) {
      float& target = y[n * w.rows + output];
      const float base = (accumulate ? target : 0.0f) + (bias == nullptr ? 0.0f : bias[output]);
      target = base + sum * (w.scales == nullptr ? alpha : alpha * w.scales[output]);
    };
    for (; o + R <= end; o += R) {
      float sums[R][N];
      dotRows<Type, N, R>(x, codes + o * w.columns, w.columns, sums);
      for (int r = 0; r < R; r++) {
        for (int n = 0; n < N; n++) put(o + r, n, sums[r][n]);
      }
    }
    for (; o < end; o++) {
      float sums[1][N];
      dotRows<Type, N, 1>(x, codes + o * w.columns, w.columns, sums);
      for (int n = 0; n < N; n++) put(o, n, sums[0][n]);
    }
  });
}

static void linear(const float* x, const Weight& w, const float* bias, float* y, std::int64_t N, float alpha,
                   bool accumulate, bool bf16) {
  if (N >= 1 && N <= kFewRows && w.columns > 0) {
    withFormat(w.format, [&](auto type) {
      using Type = decltype(type);
      switch (N) {
        case 1: return fewRows<Type, 1>(x, w, bias, y, alpha, accumulate);
        case 2: return fewRows<Type, 2>(x, w, bias, y, alpha, accumulate);
        case 3: return fewRows<Type, 3>(x, w, bias, y, alpha, accumulate);
        default: return fewRows<Type, 4>(x, w, bias, y, alpha, accumulate);
      }
    });
    return;
  }
  Product p = {};
  p.rows = N;
  p.columns = w.rows;
  p.depth = w.columns;
  p.a = x;
  p.aRow = w.columns;
  p.aStep = 1;
  p.format = w.format;
  p.b = w.codes;
  p.bRow = w.columns;
  p.bColumnMajor = true;
  p.columnScale = w.scales;
  p.bias = bias;
  p.alpha = alpha;
  p.c = y;
  p.accumulate = accumulate;
  multiply(p, bf16);
}

static void linearInputGradient(const float* dy, const Weight& w, float* dx, std::int64_t N, float alpha, bool accumulate,
                                bool bf16) {
  Product p = {};
  p.rows = N;
  p.columns = w.columns;
  p.depth = w.rows;
  p.a = dy;
  p.aRow = w.rows;
  p.aStep = 1;
  p.depthScale = w.scales;  // scales belong to rows of the weights, which here are the depth
  p.format = w.format;
  p.b = w.codes;
  p.bRow = w.columns;
  p.bColumnMajor = false;
  p.alpha = alpha;
  p.c = dx;
  p.accumulate = accumulate;
  multiply(p, bf16);
}

static void gemm(const Gemm& g) {
  Product p = {};
  p.rows = g.m;
  p.columns = g.n;
  p.depth = g.k;
  p.a = g.a;
  p.aRow = g.transposeA ? 1 : g.k;
  p.aStep = g.transposeA ? g.m : 1;
  p.format = Format::fp32;
  p.b = g.b;
  p.bRow = g.transposeB ? g.k : g.n;
  p.bColumnMajor = g.transposeB;
  p.alpha = g.alpha;
  p.c = g.c;
  p.accumulate = g.accumulate;
  multiply(p, false);
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
