// Rows of activations to 8 bits: a scale a row, and columns with outliers set aside (LLM.int8(), arXiv:2208.07339, section
// 3.2), because one large element would coarsen its whole row.
//
// The paper's threshold is 6 for activations near 1. Here it is a multiple of the root mean square, so that it fits gradients
// as well. At most an eighth of the columns are set aside, the ones with the largest elements.
#pragma once

#include "../memory.h"
#include "../thread_pool.h"
#include "pack.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kOutlierShare = 8;

struct Outliers {
  std::int32_t* keeps;    // [depth, and up to a whole vector], all bits set but 0 for outliers
  std::int32_t* columns;  // [count], ascending
  std::int64_t count;
};

// The `count`-th largest of finite magnitudes, by bisection over its bits.
LATHE_INLINE float nthLargest(const float* values, std::int64_t length, std::int64_t count) {
  // Magnitudes order like their bit patterns. Finds the largest pattern that at least `count` values reach.
  std::uint32_t low = 0;
  std::uint32_t high = 0x7f800000u;
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    std::int64_t reached = 0;
    for (std::int64_t i = 0; i < length; i++) {
      std::uint32_t bits;
      std::memcpy(&bits, values + i, 4);
      reached += bits >= middle ? 1 : 0;
    }
    if (reached >= count) low = middle;
    else high = middle;
  }
  float result;
  std::memcpy(&result, &low, 4);
  return result;
}

// x [rows, depth], times depthScale [depth] unless that is nullptr
static Outliers findOutliers(const float* x, std::int64_t rows, std::int64_t depth, const float* depthScale, float ratio) {
  Outliers outliers;
  outliers.keeps =
      static_cast<std::int32_t*>(scratch(Scratch::outlierMask, static_cast<std::size_t>(ceilDivide(depth, W) * W) * 4));
  outliers.columns = static_cast<std::int32_t*>(scratch(Scratch::outliers, static_cast<std::size_t>(depth) * 4));
  outliers.count = 0;
  float* const largest = scratchFloats(Scratch::partials, 2 * depth);
  float* const squares = largest + depth;
  constexpr std::int64_t columnsPerJob = 128;
  parallel(ceilDivide(depth, columnsPerJob), [&](std::int64_t job) {
    const std::int64_t start = job * columnsPerJob;
    const std::int64_t end = smaller(depth, start + columnsPerJob);
    // Row by row: the columns of one row lie side by side, those of the next far away.
    F most[columnsPerJob / W] = {};
    F sum[columnsPerJob / W] = {};
    for (std::int64_t r = 0; r < rows; r++) {
      for (std::int64_t c = start; c < end; c += W) {
        const F v = loadUpTo(x + r * depth + c, smaller(W, end - c));
        const std::int64_t i = (c - start) / W;
        most[i] = maximum((F)((I)v & splatInt(0x7fffffff)), most[i]);
        sum[i] = fma(v, v, sum[i]);
      }
    }
    for (std::int64_t c = start; c < end; c += W) {
      const std::int64_t n = smaller(W, end - c);
      const std::int64_t i = (c - start) / W;
      if (depthScale != nullptr) {
        const F factor = loadUpTo(depthScale + c, n);
        most[i] = most[i] * (F)((I)factor & splatInt(0x7fffffff));
        sum[i] = sum[i] * factor * factor;
      }
      storeUpTo(largest + c, most[i], n);
      storeUpTo(squares + c, sum[i], n);
    }
  });
  double total = 0;
  for (std::int64_t c = 0; c < depth; c++) total += static_cast<double>(squares[c]);
  const double rms = __builtin_sqrt(total / (static_cast<double>(rows) * static_cast<double>(depth)));
  float threshold = static_cast<float>(static_cast<double>(ratio) * rms);
  const std::int64_t most = larger(1, depth / kOutlierShare);
  std::int64_t over = 0;
  for (std::int64_t c = 0; c < depth; c++) over += largest[c] > threshold ? 1 : 0;
  if (over > most) threshold = nthLargest(largest, depth, most + 1);  // equal ones stay in
  for (std::int64_t c = 0; c < depth; c++) {
    const bool is = largest[c] > threshold;
    outliers.keeps[c] = is ? 0 : -1;
    if (is) outliers.columns[outliers.count++] = static_cast<std::int32_t>(c);
  }
  return outliers;
}

// The largest magnitude of a row, outliers left out; NaN where an element is not finite.
LATHE_INLINE float largestInRow(const float* x, std::int64_t depth, const float* depthScale, const Outliers& outliers) {
  F most = {};
  F poison = {};
  for (std::int64_t c = 0; c < depth; c += W) {
    const std::int64_t n = smaller(W, depth - c);
    F v = loadUpTo(x + c, n);
    poison = poison + (v - v);
    if (depthScale != nullptr) v = v * loadUpTo(depthScale + c, n);
    v = (F)((I)v & splatInt(0x7fffffff));
    if (outliers.count > 0) v = (F)((I)v & loadInts(outliers.keeps + c));
    most = maximum(v, most);
  }
  return sumOf(poison) == 0 ? largestOf(most) : __builtin_nanf("");
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
