// AdamW over moments in 8 bits by blocks (Dettmers et al., arXiv:2110.02861): each block is widened, renewed and packed again, so
// that the step itself is computed from moments that are not rounded yet.
#pragma once

#include "optimiser.h"

namespace lathe {
namespace LATHE_LEVEL {

static_assert(kTensorChunk % kMomentBlock == 0, "a block is renewed by one job");

// The index of the value nearest to x, as src/dynamic-code.ts finds it.
LATHE_INLINE std::uint8_t nearestCode(const DynamicCode& code, float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const int index = code.starts[bits >> 16];
  return static_cast<std::uint8_t>(index + (x > code.middles[index] ? 1 : 0));
}

// values [count] = the codes widened, and zeros up to whole vectors
LATHE_INLINE void widenCodes(const DynamicCode& code, const std::uint8_t* codes, float* values, std::int64_t count) {
  for (std::int64_t k = 0; k < count; k++) values[k] = code.values[codes[k]];
  for (std::int64_t k = count; k % W != 0; k++) values[k] = 0;
}

// values [count], which are zeros up to whole vectors, over the largest of them
LATHE_INLINE void divideBlock(float* values, float largest, std::int64_t count) {
  const F divisor = splat(largest);
  for (std::int64_t k = 0; k < count; k += W) store(values + k, load(values + k) / divisor);
}

// One block of a tensor, of `count` elements from `start` on.
LATHE_INLINE void renewBlock(const AdamW8bitTensor& t, const AdamW8bit& config, const AdamWFactors& with, std::int64_t start,
                             std::int64_t count) {
  alignas(64) float first[kMomentBlock];
  alignas(64) float second[kMomentBlock];
  const std::int64_t block = start / kMomentBlock;
  std::uint8_t* const firstCodes = t.first.codes + start;
  std::uint8_t* const secondCodes = t.second.codes + start;
  widenCodes(config.first, firstCodes, first, count);
  widenCodes(config.second, secondCodes, second, count);
  const F firstFactor = with.beta1 * splat(t.first.scales[block]);
  const F secondFactor = with.beta2 * splat(t.second.scales[block]);
  F largestFirst = {}, largestSecond = {}, spoilt = {};
  for (std::int64_t k = 0; k < count; k += W) {
    const std::int64_t n = smaller(W, count - k);
    const F g = loadUpTo(t.gradient + start + k, n) * with.gradientScale;
    const F m = load(first + k) * firstFactor + g * with.rest1;
    const F v = load(second + k) * secondFactor + g * g * with.rest2;
    float* const parameter = t.parameter + start + k;
    storeUpTo(parameter, with.moved(loadUpTo(parameter, n), m, v), n);
    store(first + k, m);
    store(second + k, v);
    largestFirst = maximum(largestFirst, magnitude(m));
    largestSecond = maximum(largestSecond, v);
    spoilt = spoilt + (v - v);  // a maximum may pass a NaN over
  }
  const float bad = sumOf(spoilt);
  const float firstScale = largestOf(largestFirst) + bad;
  const float secondScale = largestOf(largestSecond) + bad;
  t.first.scales[block] = firstScale;
  t.second.scales[block] = secondScale;
  if (firstScale == 0) {
    std::memset(firstCodes, nearestCode(config.first, 0), static_cast<std::size_t>(count));
  } else {
    divideBlock(first, firstScale, count);
    for (std::int64_t k = 0; k < count; k++) firstCodes[k] = nearestCode(config.first, first[k]);
  }
  if (secondScale == 0) {
    std::memset(secondCodes, 0, static_cast<std::size_t>(count));
    return;
  }
  // What is small beside the block's largest may be 0 once it is divided, and is not stored as 0 for that.
  std::uint8_t isAbove[kMomentBlock];
  for (std::int64_t k = 0; k < count; k++) isAbove[k] = second[k] != 0 ? 1 : 0;
  divideBlock(second, secondScale, count);
  for (std::int64_t k = 0; k < count; k++) {
    const std::uint8_t code = nearestCode(config.second, second[k]);
    secondCodes[k] = code > isAbove[k] ? code : isAbove[k];
  }
}

static void adamW8bit(const AdamW8bitTensor* tensors, std::int64_t count, const AdamW8bit& config) {
  const AdamWFactors with(config.step);
  forChunks(tensors, count, [&](const AdamW8bitTensor& t, std::int64_t start, std::int64_t end, std::int64_t) {
    for (std::int64_t from = start; from < end; from += kMomentBlock) {
      renewBlock(t, config, with, from, smaller(kMomentBlock, end - from));
    }
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
