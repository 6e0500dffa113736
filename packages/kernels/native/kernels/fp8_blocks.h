// 8-bit floats with a scale a block, as models are published in them.
#pragma once

#include "pack.h"
#include "../thread_pool.h"

namespace lathe {
namespace LATHE_LEVEL {

// Weights that a job widens at least.
constexpr std::int64_t kFp8PerJob = 65536;

static void fromFp8Blocks(const Fp8Blocks& blocks, std::uint16_t* out) {
  const std::int64_t columns = blocks.columns;
  const std::int64_t scalesInRow = ceilDivide(columns, kFp8Block);
  const std::int64_t rowsPerJob = larger(1, kFp8PerJob / columns);
  parallel(ceilDivide(blocks.rows, rowsPerJob), [&](std::int64_t job) {
    for (std::int64_t row = job * rowsPerJob; row < smaller(blocks.rows, (job + 1) * rowsPerJob); row++) {
      const float* const scales = blocks.scales + (blocks.firstRow + row) / kFp8Block * scalesInRow;
      const std::uint8_t* const codes = blocks.codes + row * columns;
      std::uint16_t* const to = out + row * columns;
      for (std::int64_t c = 0; c < columns; c += W) {
        const std::int64_t count = smaller(W, columns - c);
        const I rounded = roundToBf16(widenUpTo<Fp8>(codes + c, count) * splat(scales[c / kFp8Block]));
        if (count == W) {
          storeHalves(to + c, rounded);
        } else {
          std::uint16_t lanes[W];
          storeHalves(lanes, rounded);
          std::memcpy(to + c, lanes, static_cast<std::size_t>(count) * 2);
        }
      }
    }
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
