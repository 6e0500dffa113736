// Where the largest of many numbers is.
#pragma once

#include "simd.h"

namespace lathe {
namespace LATHE_LEVEL {

// Of equals the first; the first NaN, if there is one.
static std::int64_t largestIndex(const float* x, std::int64_t length) {
  F most = splat(-__builtin_inff());
  I isNan = {};
  std::int64_t i = 0;
  for (; i + W <= length; i += W) {
    const F v = load(x + i);
    most = maximum(v, most);
    isNan |= (I)(v != v);
  }
  bool hasNan = false;
  float largest = x[length - 1];
  for (int lane = 0; lane < W; lane++) {
    hasNan = hasNan || isNan[lane] != 0;
    largest = most[lane] > largest ? most[lane] : largest;
  }
  for (; i < length; i++) {
    hasNan = hasNan || x[i] != x[i];
    largest = x[i] > largest ? x[i] : largest;
  }
  for (i = 0;; i++) {
    // Steps over vectors without it.
    for (; !hasNan && i + W <= length; i += W) {
      const I isLargest = (I)(load(x + i) == splat(largest));
      std::int32_t any = 0;
      for (int lane = 0; lane < W; lane++) any |= isLargest[lane];
      if (any != 0) break;
    }
    if (hasNan ? x[i] != x[i] : x[i] == largest) return i;
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
