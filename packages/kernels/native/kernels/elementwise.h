// Kernels that treat each element by itself.
#pragma once

#include "../thread_pool.h"
#include "exponential.h"
#include "widen.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kElementsPerJob = 16384;  // 64 KiB an operand; a multiple of every W

// Calls each(i, count) for vectors of `count` <= W elements from i on, over the pool.
template <class Each>
LATHE_INLINE void forVectors(std::int64_t length, Each&& each) {
  parallel(ceilDivide(length, kElementsPerJob), [&](std::int64_t job) {
    const std::int64_t end = smaller(length, (job + 1) * kElementsPerJob);
    std::int64_t i = job * kElementsPerJob;
    for (; i + W <= end; i += W) each(i, W);
    if (i < end) each(i, end - i);
  });
}

static void add(const float* a, const float* b, float* out, std::int64_t length) {
  forVectors(length, [=](std::int64_t i, std::int64_t n) {
    storeUpTo(out + i, loadUpTo(a + i, n) + loadUpTo(b + i, n), n);
  });
}

static void multiplyElements(const float* a, const float* b, float* out, std::int64_t length) {
  forVectors(length, [=](std::int64_t i, std::int64_t n) {
    storeUpTo(out + i, loadUpTo(a + i, n) * loadUpTo(b + i, n), n);
  });
}

static void scale(const float* x, float factor, float* out, std::int64_t length) {
  forVectors(length, [=](std::int64_t i, std::int64_t n) { storeUpTo(out + i, loadUpTo(x + i, n) * splat(factor), n); });
}

static void addScaled(float* y, const float* x, float factor, std::int64_t length) {
  forVectors(length, [=](std::int64_t i, std::int64_t n) {
    storeUpTo(y + i, fma(loadUpTo(x + i, n), splat(factor), loadUpTo(y + i, n)), n);
  });
}

static void exponentialOf(const float* x, float* out, std::int64_t length) {
  forVectors(length, [=](std::int64_t i, std::int64_t n) { storeUpTo(out + i, exponential(loadUpTo(x + i, n)), n); });
}

static void swigluForward(const float* gate, const float* up, float* out, std::int64_t length) {
  forVectors(length, [=](std::int64_t i, std::int64_t n) {
    const F g = loadUpTo(gate + i, n);
    storeUpTo(out + i, g * sigmoid(g) * loadUpTo(up + i, n), n);
  });
}

// silu'(g) = s + silu(g) (1 - s) with s = sigmoid(g)
static void swigluBackward(Format kept, const void* gate, const void* up, const float* dOut, float* dGate, float* dUp,
                           std::int64_t length) {
  withKept(kept, [&](auto type) {
    using Type = decltype(type);
    const auto* gates = static_cast<const typename Type::Code*>(gate);
    const auto* ups = static_cast<const typename Type::Code*>(up);
    forVectors(length, [=](std::int64_t i, std::int64_t n) {
      const F g = widenUpTo<Type>(gates + i, n);
      const F u = widenUpTo<Type>(ups + i, n);
      const F d = loadUpTo(dOut + i, n);
      const F s = sigmoid(g);
      const F silu = g * s;
      if (dGate != nullptr) storeUpTo(dGate + i, d * u * fma(silu, splat(1.0f) - s, s), n);
      if (dUp != nullptr) storeUpTo(dUp + i, d * silu, n);
    });
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
