// Negative log-likelihoods of rows of logits, and their gradient in the same pass.
#pragma once

#include "../thread_pool.h"
#include "exponential.h"

namespace lathe {
namespace LATHE_LEVEL {

LATHE_INLINE float largestOfRow(const float* x, std::int64_t length) {
  F largest[2] = {splat(-__builtin_inff()), splat(-__builtin_inff())};
  std::int64_t i = 0;
  for (; i + 2 * W <= length; i += 2 * W) {
    largest[0] = maximum(load(x + i), largest[0]);
    largest[1] = maximum(load(x + i + W), largest[1]);
  }
  float result = largestOf(maximum(largest[0], largest[1]));
  for (; i < length; i++) result = x[i] > result ? x[i] : result;
  return result;
}

// A NaN among the logits makes the loss NaN: the maximum may pass over it, but it is part of the sum.
static void crossEntropyRows(const CrossEntropyRows& rows) {
  const std::int64_t V = rows.V;
  constexpr std::int64_t block = 2048;  // summed in float32; blocks are added in float64
  parallel(rows.M, [&](std::int64_t row) {
    const float* x = rows.logits + row * V;
    const std::int32_t target = rows.targets[row];
    const float atTarget = x[target];
    const float largest = largestOfRow(x, V);
    float* const gradient = rows.dLogits == nullptr ? nullptr : rows.dLogits + row * V;
    double sum = 0;
    for (std::int64_t start = 0; start < V; start += block) {
      const std::int64_t end = smaller(V, start + block);
      F sums[2] = {};
      std::int64_t i = start;
      for (; i + 2 * W <= end; i += 2 * W) {
        const F first = exponential(load(x + i) - splat(largest));
        const F second = exponential(load(x + i + W) - splat(largest));
        sums[0] = sums[0] + first;
        sums[1] = sums[1] + second;
        if (gradient == nullptr) continue;
        store(gradient + i, first);
        store(gradient + i + W, second);
      }
      for (; i < end; i += W) {
        const std::int64_t n = smaller(W, end - i);
        float lanes[W];
        store(lanes, exponential(loadUpTo(x + i, n) - splat(largest)));
        for (std::int64_t lane = 0; lane < n; lane++) sum += static_cast<double>(lanes[lane]);
        if (gradient != nullptr) std::memcpy(gradient + i, lanes, static_cast<std::size_t>(n) * sizeof(float));
      }
      sum += static_cast<double>(sumOf(sums[0] + sums[1]));
    }
    rows.losses[row] = static_cast<float>(__builtin_log(sum) + static_cast<double>(largest) - static_cast<double>(atTarget));
    if (gradient == nullptr) return;
    const F factor = splat(static_cast<float>(static_cast<double>(rows.gradientScale) / sum));
    for (std::int64_t i = 0; i < V; i += W) {
      const std::int64_t n = smaller(W, V - i);
      storeUpTo(gradient + i, loadUpTo(gradient + i, n) * factor, n);
    }
    gradient[target] -= rows.gradientScale;
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
