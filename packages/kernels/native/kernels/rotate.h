// Rotary positions in the half-split layout (arXiv:2104.09864).
#pragma once

#include "../thread_pool.h"
#include "simd.h"

namespace lathe {
namespace LATHE_LEVEL {

static void rotate(const float* x, float* out, const float* cos, const float* sin, std::int64_t N, std::int64_t heads,
                   std::int64_t headSize, float direction) {
  const std::int64_t half = headSize / 2;
  constexpr std::int64_t rowsPerJob = 16;
  parallel(ceilDivide(N, rowsPerJob), [&](std::int64_t job) {
    for (std::int64_t row = job * rowsPerJob; row < smaller(N, (job + 1) * rowsPerJob); row++) {
      for (std::int64_t head = 0; head < heads; head++) {
        const std::int64_t base = (row * heads + head) * headSize;
        for (std::int64_t c = 0; c < half; c += W) {
          const std::int64_t n = smaller(W, half - c);
          const F first = loadUpTo(x + base + c, n);
          const F second = loadUpTo(x + base + half + c, n);
          const F co = loadUpTo(cos + row * half + c, n);
          const F si = loadUpTo(sin + row * half + c, n) * splat(direction);
          storeUpTo(out + base + c, fma(first, co, -(second * si)), n);
          storeUpTo(out + base + half + c, fma(second, co, first * si), n);
        }
      }
    }
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
