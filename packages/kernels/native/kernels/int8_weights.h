// Weights to int8 with a scale a row, as a packed model has them.
#pragma once

#include "../thread_pool.h"
#include "widen.h"

namespace lathe {
namespace LATHE_LEVEL {

// Doubles of this size are whole numbers, so adding it rounds to the nearest one, ties to even.
constexpr double kToWhole = 6755399441055744.0;  // 1.5 * 2^52
constexpr std::int32_t kInfinityBits = 0x7f800000;

// What a code stands for in a row with such a largest magnitude.
static float int8ScaleOf(float largest) {
  constexpr double leastNormal = 1.1754943508222875e-38;   // 2^-126
  constexpr double least = 1.401298464324817e-45;          // 2^-149
  if (largest == 0) return 1.0f;
  const double scale = static_cast<double>(largest) / 127.0;
  // Among numbers that float32 spaces evenly, rounding down could leave the largest weight out of reach of its code.
  if (scale < leastNormal) return static_cast<float>(__builtin_ceil(scale / least) * least);
  const float rounded = static_cast<float>(scale);
  const bool isFinite = static_cast<double>(rounded) * 127.0 < 3.4028235677973366e38;  // what float32 rounds to infinity
  return isFinite ? rounded : static_cast<float>(static_cast<double>(rounded) * (1.0 - 5.960464477539063e-08));
}

// @param source fp32, bf16 or fp16   @param scales NaN where a row is not finite, whose codes are then zeros
static void toInt8Weights(const Weight& source, std::int8_t* codes, float* scales) {
  const std::int64_t width = source.columns;
  const std::int64_t rowsPerJob = larger(1, 32768 / width);
  withFormat(source.format, [&](auto type) {
    using Type = decltype(type);
    parallel(ceilDivide(source.rows, rowsPerJob), [&](std::int64_t job) {
      for (std::int64_t row = job * rowsPerJob; row < smaller(source.rows, (job + 1) * rowsPerJob); row++) {
        const WeightRow<Type> from(source, row);
        I most = {};  // bits of magnitudes are ordered as the magnitudes are, infinity and NaN above all others
        for (std::int64_t c = 0; c < width; c += W) {
          const I magnitude = (I)from.at(c, width - c) & 0x7fffffff;
          most = magnitude > most ? magnitude : most;
        }
        std::int32_t bits = 0;
        for (int lane = 0; lane < W; lane++) bits = most[lane] > bits ? most[lane] : bits;
        float largest;
        std::memcpy(&largest, &bits, sizeof largest);
        std::int8_t* const to = codes + row * width;
        if (bits >= kInfinityBits) {
          scales[row] = __builtin_nanf("");
          std::memset(to, 0, static_cast<std::size_t>(width));
          continue;
        }
        scales[row] = int8ScaleOf(largest);
        const double scale = static_cast<double>(scales[row]);
        for (std::int64_t c = 0; c < width; c += W) {
          float values[W];
          std::int8_t rounded[W];
          store(values, from.at(c, width - c));
          for (int i = 0; i < W; i++) {
            const double whole = static_cast<double>(values[i]) / scale + kToWhole - kToWhole;
            rounded[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(whole));
          }
          std::memcpy(to + c, rounded, static_cast<std::size_t>(smaller(W, width - c)));
        }
      }
    });
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
