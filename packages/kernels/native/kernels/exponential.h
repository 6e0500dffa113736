// e^x on vectors, within 1 ulp in the normal range; exact at the ends: e^-inf = 0, e^inf = inf, NaN stays NaN.
//
// x = n ln 2 + r with |r| <= ln 2 / 2; e^r = 1 + r + r^2 P(r), P of degree 4 fitted for the least relative error (3e-9);
// 2^n is multiplied on in two halves, so that results among the subnormal numbers come out too.
#pragma once

#include "simd.h"

namespace lathe {
namespace LATHE_LEVEL {

LATHE_INLINE F exponential(F x) {
  const F toInteger = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to a whole number held in the low bits
  x = minimum(splat(89.0f), maximum(splat(-104.0f), x));
  const F shifted = fma(x, splat(1.44269504088896341f), toInteger);
  const F n = shifted - toInteger;
  F r = fma(n, splat(-0.693359375f), x);  // the upper part of ln 2 has 10 bits, so that n times it is exact
  r = fma(n, splat(0.00021219444005471377f), r);
  F p = splat(0.001381459878757596f);
  p = fma(p, r, splat(0.008368716575205326f));
  p = fma(p, r, splat(0.04166838899254799f));
  p = fma(p, r, splat(0.1666652113199234f));
  p = fma(p, r, splat(0.4999999403953552f));
  p = fma(p, r * r, r) + splat(1.0f);
#if defined(LATHE_AVX512)
  return (F)_mm512_scalef_ps((__m512)p, (__m512)n);
#endif
  const I whole = (I)shifted - splatInt(0x4b400000);
  const I half = whole >> 1;
  const F first = (F)((half + splatInt(127)) << 23);
  const F second = (F)((whole - half + splatInt(127)) << 23);
  return p * first * second;
}

// 1 / x for x >= 1, infinity left out; where the machine has a first guess, within 1 ulp.
LATHE_INLINE F reciprocalFromOne(F x) {
#if defined(LATHE_AVX512)
  const F guess = (F)_mm512_rcp14_ps((__m512)x);
  return fma(fma(-x, guess, splat(1.0f)), guess, guess);
#else
  return splat(1.0f) / x;
#endif
}

// 1 / (1 + e^-x), 0 below -88
LATHE_INLINE F sigmoid(F x) { return reciprocalFromOne(splat(1.0f) + exponential(minimum(splat(88.0f), -x))); }

}  // namespace LATHE_LEVEL
}  // namespace lathe
