// Activations to fewer bits, for caches and for what a backward pass keeps.
#pragma once

#include "pack.h"
#include "../thread_pool.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kNarrowPerJob = 32768;

static void toBf16(const float* x, std::uint16_t* codes, std::int64_t length) {
  parallel(ceilDivide(length, kNarrowPerJob), [&](std::int64_t job) {
    const std::int64_t end = smaller(length, (job + 1) * kNarrowPerJob);
    for (std::int64_t i = job * kNarrowPerJob; i < end; i += W) {
      const std::int64_t n = smaller(W, end - i);
      const I rounded = roundToBf16(loadUpTo(x + i, n));
      if (n == W) {
        storeHalves(codes + i, rounded);
      } else {
        std::uint16_t lanes[W];
        storeHalves(lanes, rounded);
        std::memcpy(codes + i, lanes, static_cast<std::size_t>(n) * 2);
      }
    }
  });
}

static void fromBf16(const std::uint16_t* codes, float* x, std::int64_t length) {
  parallel(ceilDivide(length, kNarrowPerJob), [&](std::int64_t job) {
    const std::int64_t end = smaller(length, (job + 1) * kNarrowPerJob);
    for (std::int64_t i = job * kNarrowPerJob; i < end; i += W) {
      const std::int64_t n = smaller(W, end - i);
      storeUpTo(x + i, widenUpTo<Bf16>(codes + i, n), n);
    }
  });
}

static void toInt8Rows(const ToInt8Rows& rows) {
  const std::int64_t width = rows.width;
  const std::int64_t rowsPerJob = larger(1, kNarrowPerJob / width);
  parallel(ceilDivide(rows.N, rowsPerJob), [&](std::int64_t job) {
    for (std::int64_t row = job * rowsPerJob; row < smaller(rows.N, (job + 1) * rowsPerJob); row++) {
      const float* from = rows.x + row * width;
      F most = {};
      F poison = {};
      for (std::int64_t c = 0; c < width; c += W) {
        const F v = loadUpTo(from + c, width - c);
        poison = poison + (v - v);
        most = maximum((F)((I)v & splatInt(0x7fffffff)), most);
      }
      // A row that is not finite keeps that in its scale.
      const float largest = sumOf(poison) == 0 ? largestOf(most) : __builtin_nanf("");
      rows.scales[row] = largest / 127.0f;
      const F factor = splat(largest > kLeastMagnitude ? 127.0f / largest : 0.0f);
      for (std::int64_t c = 0; c < width; c += W) {
        const F scaled = loadUpTo(from + c, width - c) * factor;
        const F bounded = maximum(minimum(scaled, splat(127.0f)), splat(-127.0f));
        std::uint8_t lanes[W];
        storeBytes(lanes, roundToInteger(bounded) & 255);
        std::memcpy(rows.codes + row * width + c, lanes, static_cast<std::size_t>(smaller(W, width - c)));
      }
    }
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
