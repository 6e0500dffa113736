// Rotary positions in the half-split layout (arXiv:2104.09864).
#pragma once

#include "../thread_pool.h"
#include "simd.h"

namespace lathe {
namespace LATHE_LEVEL {

static void rotate(const Rotate& r) {
  const float* const x = r.x;
  float* const out = r.out;
  const std::int64_t half = r.headSize / 2;
  constexpr std::int64_t rowsPerJob = 16;
  parallel(ceilDivide(r.N, rowsPerJob), [&](std::int64_t job) {
    for (std::int64_t row = job * rowsPerJob; row < smaller(r.N, (job + 1) * rowsPerJob); row++) {
      for (std::int64_t head = 0; head < r.heads; head++) {
        const std::int64_t base = (row * r.heads + head) * r.headSize;
        for (std::int64_t c = 0; c < half; c += W) {
          const std::int64_t n = smaller(W, half - c);
          const F first = loadUpTo(x + base + c, n);
          const F second = loadUpTo(x + base + half + c, n);
          const F co = loadUpTo(r.cos + row * half + c, n);
          const F si = loadUpTo(r.sin + row * half + c, n) * splat(r.direction);
          storeUpTo(out + base + c, fma(first, co, -(second * si)), n);
          storeUpTo(out + base + half + c, fma(second, co, first * si), n);
        }
      }
    }
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
