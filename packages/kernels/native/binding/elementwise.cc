// What treats each element by itself.
#include "entries.h"
#include "readers.h"

#include <climits>
#include <cmath>

namespace lathe {

// swigluForward(gate, up, out)
void callSwigluForward(const Arguments& a, napi_value*) {
  const auto gate = a.array<float>(0, "gate");
  const auto up = a.array<float>(1, "up");
  const auto out = a.array<float>(2, "out");
  a.expectLength(up, gate.length, "like gate");
  a.expectLength(out, gate.length, "like gate");
  a.expectApart(out, gate, true);
  a.expectApart(out, up, true);
  a.kernels().swigluForward(gate.data, up.data, out.data, gate.length);
}

// swigluBackward(gate, up, dOut, dGate, dUp)
void callSwigluBackward(const Arguments& a, napi_value*) {
  const Kept gate = a.kept(0, "gate");
  const Kept up = a.kept(1, "up", &gate);
  const auto dOut = a.array<float>(2, "dOut");
  const auto dGate = a.arrayOrNull<float>(3, "dGate");
  const auto dUp = a.arrayOrNull<float>(4, "dUp");
  a.expectLength(up, gate.length, "like gate");
  a.expectLength(dOut, gate.length, "like gate");
  if (dGate) a.expectLength(dGate, gate.length, "like gate");
  if (dUp) a.expectLength(dUp, gate.length, "like gate");
  for (const auto& gradient : {dGate, dUp}) {
    a.expectApart(gradient, gate, gate.format == Format::fp32);
    a.expectApart(gradient, up, gate.format == Format::fp32);
    a.expectApart(gradient, dOut, true);
  }
  a.expectApart(dGate, dUp);
  a.kernels().swigluBackward({gate.format, gate.data, up.data, dOut.data, dGate.data, dUp.data, gate.length});
}

static void callPairwise(const Arguments& a, void (*Kernels::*kernel)(const float*, const float*, float*, std::int64_t)) {
  const auto left = a.array<float>(0, "a");
  const auto right = a.array<float>(1, "b");
  const auto out = a.array<float>(2, "out");
  a.expectLength(right, left.length, "like a");
  a.expectLength(out, left.length, "like a");
  a.expectApart(out, left, true);
  a.expectApart(out, right, true);
  (a.kernels().*kernel)(left.data, right.data, out.data, left.length);
}

// add(a, b, out)
void callAdd(const Arguments& a, napi_value*) { callPairwise(a, &Kernels::add); }

// multiply(a, b, out)
void callMultiply(const Arguments& a, napi_value*) { callPairwise(a, &Kernels::multiply); }

// scale(x, factor, out)
void callScale(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const float factor = a.finiteFloat(1, "factor");
  const auto out = a.array<float>(2, "out");
  a.expectLength(out, x.length, "like x");
  a.expectApart(out, x, true);
  a.kernels().scale(x.data, factor, out.data, x.length);
}

// addScaled(y, x, factor)
void callAddScaled(const Arguments& a, napi_value*) {
  const auto y = a.array<float>(0, "y");
  const auto x = a.array<float>(1, "x");
  const float factor = a.finiteFloat(2, "factor");
  a.expectLength(x, y.length, "like y");
  a.expectApart(y, x, true);
  a.kernels().addScaled(y.data, x.data, factor, y.length);
}

// exponential(x, out)
void callExponential(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto out = a.array<float>(1, "out");
  a.expectLength(out, x.length, "like x");
  a.expectApart(out, x, true);
  a.kernels().exponential(x.data, out.data, x.length);
}

// dropout(x, out, key0, key1, rate, accumulate)
void callDropout(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto out = a.array<float>(1, "out");
  const std::int64_t key0 = a.integer(2, "key0", 0, UINT_MAX);
  const std::int64_t key1 = a.integer(3, "key1", 0, UINT_MAX);
  const double rate = a.finite(4, "rate");
  if (!(rate >= 0 && rate < 1)) a.failRange("expected a rate in [0, 1), got " + number(rate));
  a.expectLength(out, x.length, "like x");
  a.expectApart(out, x, true);
  const bool accumulate = a.booleanOr(a.value(5), "accumulate", false);
  a.kernels().dropout({x.data, out.data, x.length, static_cast<std::uint32_t>(key0), static_cast<std::uint32_t>(key1),
                       static_cast<std::uint32_t>(std::floor(rate * 65536 + 0.5)), static_cast<float>(1 / (1 - rate)),
                       accumulate});
}

}  // namespace lathe
