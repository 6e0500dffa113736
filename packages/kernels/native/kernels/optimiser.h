// Adam with decoupled weight decay (arXiv:1711.05101) in PyTorch's form, and the sum of squares that clipping needs.
#pragma once

#include "../kernels.h"
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

// The constants of a step in the vectors that they are multiplied in.
struct AdamWFactors {
  F stepSize, secondFactor, decay, beta1, beta2, rest1, rest2, epsilon, gradientScale;

  explicit AdamWFactors(const AdamW& config) {
    const double firstCorrection = 1 - __builtin_pow(config.beta1, static_cast<double>(config.step));
    const double secondCorrection = 1 - __builtin_pow(config.beta2, static_cast<double>(config.step));
    stepSize = splat(static_cast<float>(config.learningRate / firstCorrection));
    secondFactor = splat(static_cast<float>(1 / __builtin_sqrt(secondCorrection)));
    decay = splat(static_cast<float>(1 - config.learningRate * config.weightDecay));
    beta1 = splat(static_cast<float>(config.beta1));
    beta2 = splat(static_cast<float>(config.beta2));
    rest1 = splat(static_cast<float>(1 - config.beta1));
    rest2 = splat(static_cast<float>(1 - config.beta2));
    epsilon = splat(static_cast<float>(config.epsilon));
    gradientScale = splat(static_cast<float>(config.gradientScale));
  }

  // The new value of a parameter whose moments are renewed.
  __attribute__((always_inline)) F moved(F parameter, F first, F second) const {
    return parameter * decay - first / (squareRoot(second) * secondFactor + epsilon) * stepSize;
  }
};

static void adamW(const AdamWTensor* tensors, std::int64_t count, const AdamW& config) {
  const AdamWFactors with(config);
  forChunks(tensors, count, [&](const AdamWTensor& t, std::int64_t start, std::int64_t end, std::int64_t) {
    for (std::int64_t i = start; i < end; i += W) {
      const std::int64_t n = smaller(W, end - i);
      const F g = loadUpTo(t.gradient + i, n) * with.gradientScale;
      const F first = loadUpTo(t.first + i, n) * with.beta1 + g * with.rest1;
      const F second = loadUpTo(t.second + i, n) * with.beta2 + g * g * with.rest2;
      storeUpTo(t.first + i, first, n);
      storeUpTo(t.second + i, second, n);
      storeUpTo(t.parameter + i, with.moved(loadUpTo(t.parameter + i, n), first, second), n);
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
