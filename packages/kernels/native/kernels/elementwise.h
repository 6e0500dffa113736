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
    if constexpr (kStreamsResults) finishStreams();
  });
}

// Writes results that the caches could not hold past them; `to` may be nullptr and is then not written.
class ResultWriter {
 public:
  ResultWriter(float* to, std::int64_t length)
      : to_(to),
        streams_(kStreamsResults && length * 4 >= kStreamedBytes && reinterpret_cast<std::uintptr_t>(to) % sizeof(F) == 0) {}
  explicit operator bool() const { return to_ != nullptr; }
  __attribute__((always_inline)) void put(std::int64_t i, F v, std::int64_t count) const {
    if (streams_ && count == W) storePast(to_ + i, v);
    else storeUpTo(to_ + i, v, count);
  }

 private:
  float* to_;
  bool streams_;
};

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

LATHE_INLINE F silu(F x) { return x * sigmoid(x); }

struct SwigluGradients {
  F gate, up;
};
// silu'(g) = s + silu(g) (1 - s) with s = sigmoid(g)
LATHE_INLINE SwigluGradients swigluGradients(F gate, F up, F dOut) {
  const F s = sigmoid(gate);
  const F ofGate = gate * s;
  return {dOut * up * fma(ofGate, splat(1.0f) - s, s), dOut * ofGate};
}

static void swigluForward(const float* gate, const float* up, float* out, std::int64_t length) {
  const ResultWriter results(out, length);
  forVectors(length, [=](std::int64_t i, std::int64_t n) {
    results.put(i, silu(loadUpTo(gate + i, n)) * loadUpTo(up + i, n), n);
  });
}

static void swigluBackward(const SwigluBackward& s) {
  withKept(s.kept, [&](auto type) {
    using Type = decltype(type);
    const auto* gates = static_cast<const typename Type::Code*>(s.gate);
    const auto* ups = static_cast<const typename Type::Code*>(s.up);
    const float* const dOut = s.dOut;
    const ResultWriter toGate(s.dGate, s.length), toUp(s.dUp, s.length);
    forVectors(s.length, [=](std::int64_t i, std::int64_t n) {
      const SwigluGradients d = swigluGradients(widenUpTo<Type>(gates + i, n), widenUpTo<Type>(ups + i, n), loadUpTo(dOut + i, n));
      if (toGate) toGate.put(i, d.gate, n);
      if (toUp) toUp.put(i, d.up, n);
    });
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
