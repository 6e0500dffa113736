// y = x r w with r = 1 / sqrt(mean(x^2) + epsilon), row by row (arXiv:1910.07467), and its gradients.
#pragma once

#include "../scratch.h"
#include "../thread_pool.h"
#include "widen.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kNormRowsPerJob = 16;

// Sum over c of term(c, count), which gives a vector whose lanes past `count` are zero.
template <class Term>
LATHE_INLINE float sumOverRow(std::int64_t h, Term&& term) {
  F sums[4] = {};
  std::int64_t c = 0;
  for (; c + 4 * W <= h; c += 4 * W) {
    LATHE_UNROLL
    for (int i = 0; i < 4; i++) sums[i] = sums[i] + term(c + i * W, W);
  }
  for (; c < h; c += W) sums[0] = sums[0] + term(c, smaller(W, h - c));
  return sumOf((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

template <class Type>
LATHE_INLINE float reciprocalRms(const typename Type::Code* x, std::int64_t h, float epsilon) {
  const float squares = sumOverRow(h, [&](std::int64_t c, std::int64_t n) {
    const F v = widenUpTo<Type>(x + c, n);
    return v * v;
  });
  return 1.0f / __builtin_sqrtf(squares / static_cast<float>(h) + epsilon);
}

static void rmsNormForward(const RmsNormForward& norm) {
  const std::int64_t h = norm.h;
  const float* const weight = norm.weight;
  float* const y = norm.y;
  parallel(ceilDivide(norm.N, kNormRowsPerJob), [&](std::int64_t job) {
    for (std::int64_t row = job * kNormRowsPerJob; row < smaller(norm.N, (job + 1) * kNormRowsPerJob); row++) {
      const float* from = norm.x + row * h;
      const F r = splat(reciprocalRms<Fp32>(from, h, norm.epsilon));
      for (std::int64_t c = 0; c < h; c += W) {
        const std::int64_t n = smaller(W, h - c);
        storeUpTo(y + row * h + c, loadUpTo(from + c, n) * r * loadUpTo(weight + c, n), n);
      }
    }
  });
}

// With n = x r and g = dy w: dx = r (g - n mean(g n)), dw = sum over rows of dy n.
template <class Type>
static void rmsNormBackwardOf(const RmsNormBackward& norm) {
  const auto* const x = static_cast<const typename Type::Code*>(norm.x.data);
  const float* const weight = norm.weight;
  const float* const dy = norm.dy;
  float* const dx = norm.dx;
  float* const dWeight = norm.dWeight;
  const std::int64_t N = norm.N, h = norm.h;
  const std::int64_t jobs = ceilDivide(N, kNormRowsPerJob);
  float* const partials = dWeight == nullptr ? nullptr : scratchFloats(Scratch::partials, jobs * h);
  parallel(jobs, [&](std::int64_t job) {
    float* const partial = partials == nullptr ? nullptr : partials + job * h;
    if (partial != nullptr) std::memset(partial, 0, static_cast<std::size_t>(h) * sizeof(float));
    for (std::int64_t row = job * kNormRowsPerJob; row < smaller(N, (job + 1) * kNormRowsPerJob); row++) {
      const typename Type::Code* from = x + row * h;
      const float* gradient = dy + row * h;
      const float r = reciprocalRms<Type>(from, h, norm.epsilon);
      if (partial != nullptr) {
        for (std::int64_t c = 0; c < h; c += W) {
          const std::int64_t n = smaller(W, h - c);
          const F normalised = widenUpTo<Type>(from + c, n) * splat(r);
          storeUpTo(partial + c, fma(loadUpTo(gradient + c, n), normalised, loadUpTo(partial + c, n)), n);
        }
      }
      if (dx == nullptr) continue;
      const float dot = sumOverRow(h, [&](std::int64_t c, std::int64_t n) {
        return loadUpTo(gradient + c, n) * loadUpTo(weight + c, n) * widenUpTo<Type>(from + c, n);
      });
      const F mean = splat(dot * r / static_cast<float>(h));
      for (std::int64_t c = 0; c < h; c += W) {
        const std::int64_t n = smaller(W, h - c);
        const F g = loadUpTo(gradient + c, n) * loadUpTo(weight + c, n);
        const F normalised = widenUpTo<Type>(from + c, n) * splat(r);
        storeUpTo(dx + row * h + c, splat(r) * (g - normalised * mean), n);
      }
    }
  });
  if (dWeight == nullptr) return;
  constexpr std::int64_t columnsPerJob = 256;
  parallel(ceilDivide(h, columnsPerJob), [&](std::int64_t job) {
    for (std::int64_t c = job * columnsPerJob; c < smaller(h, (job + 1) * columnsPerJob); c += W) {
      const std::int64_t n = smaller(W, h - c);
      F sum = {};
      for (std::int64_t part = 0; part < jobs; part++) sum = sum + loadUpTo(partials + part * h + c, n);
      storeUpTo(dWeight + c, sum, n);
    }
  });
}

static void rmsNormBackward(const RmsNormBackward& norm) {
  withKept(norm.x.format, [&](auto type) { rmsNormBackwardOf<decltype(type)>(norm); });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
