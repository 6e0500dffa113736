// Adam with decoupled weight decay (arXiv:1711.05101) in PyTorch's form, and the sum of squares that clipping needs.
#pragma once

#include "../scratch.h"
#include "../thread_pool.h"
#include "simd.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kTensorChunk = 8192;

// Calls each(tensor, start, end, chunk) for the chunks of many tensors, over the pool.
template <class Tensor, class Each>
LATHE_INLINE void forChunks(const Tensor* tensors, std::int64_t count, Each&& each) {
  std::int64_t chunks = 0;
  for (std::int64_t t = 0; t < count; t++) chunks += ceilDivide(tensors[t].length, kTensorChunk);
  parallel(chunks, [&](std::int64_t chunk) {
    std::int64_t inTensor = chunk;
    std::int64_t t = 0;
    for (;; t++) {
      const std::int64_t own = ceilDivide(tensors[t].length, kTensorChunk);
      if (inTensor < own) break;
      inTensor -= own;
    }
    const std::int64_t start = inTensor * kTensorChunk;
    each(tensors[t], start, smaller(tensors[t].length, start + kTensorChunk), chunk);
  });
}

static void adamW(const AdamWTensor* tensors, std::int64_t count, const AdamW& config) {
  const double firstCorrection = 1 - __builtin_pow(config.beta1, static_cast<double>(config.step));
  const double secondCorrection = 1 - __builtin_pow(config.beta2, static_cast<double>(config.step));
  const F stepSize = splat(static_cast<float>(config.learningRate / firstCorrection));
  const F secondFactor = splat(static_cast<float>(1 / __builtin_sqrt(secondCorrection)));
  const F decay = splat(static_cast<float>(1 - config.learningRate * config.weightDecay));
  const F beta1 = splat(static_cast<float>(config.beta1));
  const F beta2 = splat(static_cast<float>(config.beta2));
  const F rest1 = splat(static_cast<float>(1 - config.beta1));
  const F rest2 = splat(static_cast<float>(1 - config.beta2));
  const F epsilon = splat(static_cast<float>(config.epsilon));
  const F gradientScale = splat(static_cast<float>(config.gradientScale));
  forChunks(tensors, count, [&](const AdamWTensor& t, std::int64_t start, std::int64_t end, std::int64_t) {
    for (std::int64_t i = start; i < end; i += W) {
      const std::int64_t n = smaller(W, end - i);
      const F g = loadUpTo(t.gradient + i, n) * gradientScale;
      const F first = loadUpTo(t.first + i, n) * beta1 + g * rest1;
      const F second = loadUpTo(t.second + i, n) * beta2 + g * g * rest2;
      const F denominator = squareRoot(second) * secondFactor + epsilon;
      storeUpTo(t.first + i, first, n);
      storeUpTo(t.second + i, second, n);
      storeUpTo(t.parameter + i, loadUpTo(t.parameter + i, n) * decay - first / denominator * stepSize, n);
    }
  });
}

static double sumOfSquares(const Span* tensors, std::int64_t count) {
  std::int64_t chunks = 0;
  for (std::int64_t t = 0; t < count; t++) chunks += ceilDivide(tensors[t].length, kTensorChunk);
  double* const partials = static_cast<double*>(scratch(Scratch::partials, static_cast<std::size_t>(chunks) * sizeof(double)));
  forChunks(tensors, count, [&](const Span& t, std::int64_t start, std::int64_t end, std::int64_t chunk) {
    constexpr std::int64_t block = 512;  // summed in float32; blocks are added in float64
    double sum = 0;
    for (std::int64_t from = start; from < end; from += block) {
      F sums = {};
      for (std::int64_t i = from; i < smaller(end, from + block); i += W) {
        const F v = loadUpTo(t.data + i, smaller(end, from + block) - i);
        sums = fma(v, v, sums);
      }
      sum += static_cast<double>(sumOf(sums));
    }
    partials[chunk] = sum;
  });
  double total = 0;
  for (std::int64_t chunk = 0; chunk < chunks; chunk++) total += partials[chunk];
  return total;
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
