// 8-bit floats with a scale a block, as models are published in them.
#pragma once

#include "pack.h"
#include "../thread_pool.h"

namespace lathe {
namespace LATHE_LEVEL {

// Weights that a job widens at least.
constexpr std::int64_t kFp8PerJob = 65536;

// Numbers of type e4m3 without infinities (arXiv:2209.05433): 1 bit of sign, 4 of exponent, 3 of fraction; all ones is NaN.
LATHE_INLINE F valuesOfE4m3(I bits) {
  const I magnitude = bits & 0x7f;
  const I isSmall = magnitude < 8;  // below the normal numbers: fraction * 2^-9
  const I isNan = magnitude == 0x7f;
  const I small = (I)(__builtin_convertvector(magnitude, F) * splat(0x1p-9f));
  const I normal = (magnitude << 20) + ((127 - 7) << 23);
  const I unsignedBits = (isNan & 0x7fc00000) | (~isNan & ((isSmall & small) | (~isSmall & normal)));
  return (F)(unsignedBits | ((bits & 0x80) << 24));
}

static void fromFp8Blocks(const Fp8Blocks& blocks, std::uint16_t* out) {
  const std::int64_t columns = blocks.columns;
  const std::int64_t scalesInRow = ceilDivide(columns, kFp8Block);
  const std::int64_t rowsPerJob = larger(1, kFp8PerJob / columns);
  parallel(ceilDivide(blocks.rows, rowsPerJob), [&](std::int64_t job) {
    for (std::int64_t row = job * rowsPerJob; row < smaller(blocks.rows, (job + 1) * rowsPerJob); row++) {
      const float* const scales = blocks.scales + (blocks.firstRow + row) / kFp8Block * scalesInRow;
      const auto* const codes = reinterpret_cast<const std::int8_t*>(blocks.codes) + row * columns;
      std::uint16_t* const to = out + row * columns;
      for (std::int64_t c = 0; c < columns; c += W) {
        const std::int64_t count = smaller(W, columns - c);
        const I bits = __builtin_convertvector(widenUpTo<Int8>(codes + c, count), I);
        const I rounded = roundToBf16(valuesOfE4m3(bits) * splat(scales[c / kFp8Block]));
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
