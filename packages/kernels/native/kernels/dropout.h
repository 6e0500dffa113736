// out = x * mask with the mask of src/dropout-mask.ts: element i takes 16 bits of Threefry-2x32-20 (Salmon et al., SC 2011)
// at counter floor(i / 4), in the order low and high half of the first word, then of the second.
#pragma once

#include "../thread_pool.h"
#include "widen.h"

namespace lathe {
namespace LATHE_LEVEL {

template <int Bits>
LATHE_INLINE UnsignedW rotateLeft(UnsignedW x) {
  return (x << Bits) | (x >> (32 - Bits));
}

template <int R0, int R1, int R2, int R3>
LATHE_INLINE void fourRounds(UnsignedW& a, UnsignedW& b) {
  a = a + b, b = rotateLeft<R0>(b) ^ a;
  a = a + b, b = rotateLeft<R1>(b) ^ a;
  a = a + b, b = rotateLeft<R2>(b) ^ a;
  a = a + b, b = rotateLeft<R3>(b) ^ a;
}

// Counters (counter + lane, 0) under the key; a and b are the two words of each.
LATHE_INLINE void threefry(std::uint32_t counter, std::uint32_t k0, std::uint32_t k1, UnsignedW& a, UnsignedW& b) {
  const std::uint32_t k2 = 0x1bd11bdau ^ k0 ^ k1;
  for (int lane = 0; lane < W; lane++) a[lane] = static_cast<std::uint32_t>(lane);
  a = a + (counter + k0);
  b = UnsignedW{} + k1;
  fourRounds<13, 15, 26, 6>(a, b);
  a = a + k1, b = b + (k2 + 1);
  fourRounds<17, 29, 16, 24>(a, b);
  a = a + k2, b = b + (k0 + 2);
  fourRounds<13, 15, 26, 6>(a, b);
  a = a + k0, b = b + (k1 + 3);
  fourRounds<17, 29, 16, 24>(a, b);
  a = a + k1, b = b + (k2 + 4);
  fourRounds<13, 15, 26, 6>(a, b);
  a = a + k2, b = b + (k0 + 5);
}

// words [2 W]: lanes of a and b in turn
LATHE_INLINE void weave(UnsignedW a, UnsignedW b, std::uint32_t* words) {
#if defined(LATHE_AVX512) || defined(LATHE_EMULATED)
  const UnsignedW low = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const UnsignedW high = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#elif defined(LATHE_AVX2)
  const UnsignedW low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  const UnsignedW high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#else
  const UnsignedW low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const UnsignedW high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
#endif
  std::memcpy(words, &low, sizeof low);
  std::memcpy(words + W, &high, sizeof high);
}

static void dropout(const Dropout& d) {
  const float* const x = d.x;
  float* const out = d.out;
  const std::int64_t length = d.length;
  constexpr std::int64_t perJob = 16384;
  constexpr std::int64_t step = 4 * W;  // elements of W counters
  parallel(ceilDivide(length, perJob), [&](std::int64_t job) {
    const std::int64_t end = smaller(length, (job + 1) * perJob);
    for (std::int64_t i = job * perJob; i < end; i += step) {
      UnsignedW a;
      UnsignedW b;
      threefry(static_cast<std::uint32_t>(i / 4), d.key0, d.key1, a, b);
      std::uint16_t bits[step];  // in the order of the elements, the low half of a word first
      std::uint32_t words[2 * W];
      weave(a, b, words);
      std::memcpy(bits, words, sizeof bits);
      for (std::int64_t j = 0; j < smaller(step, end - i); j += W) {
        const std::int64_t n = smaller(W, end - i - j);
        const I isDropped = (I)(halfWords(bits + j) < splatInt((std::int32_t)d.dropBelow));
        const F factors = (F)(~isDropped & (I)splat(d.kept));
        const F masked = loadUpTo(x + i + j, n) * factors;
        storeUpTo(out + i + j, d.accumulate ? loadUpTo(out + i + j, n) + masked : masked, n);
      }
    }
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
