// Rows of activations to 8 bits: a scale a row, and columns with outliers set aside (LLM.int8(), arXiv:2208.07339, section
// 3.2), because one large element coarsens its whole row.
//
// The paper's threshold is 6 for activations near 1. Here it is a multiple of the root mean square of the element's row, so
// that it fits gradients as well. Also from the paper (section 4.1): a column has outliers when 6 % of the rows have one
// there; a lone large element costs its own row some digits, and other rows nothing. Massive activations
// (arXiv:2402.17762), which one row may have and which would leave it no digits, are set aside at once. At most an eighth of
// the columns are, the ones where most rows have outliers.
#pragma once

#include "../scratch.h"
#include "../selection.h"
#include "../thread_pool.h"
#include "pack.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kOutlierShare = 8;
constexpr std::int64_t kOutlierRows = 16;     // one row in so many makes a column one of outliers
constexpr float kMassiveRatio = 4.0f;         // times the ratio times the mean magnitude of the row: massive
constexpr std::int32_t kMassive = 1 << 28;    // a flag above any number of rows
constexpr std::int64_t kOutlierParts = 16;    // of the rows, each counted by itself

struct Outliers {
  std::int32_t* keeps;    // [depth, and up to a whole vector], all bits set but 0 for outliers
  std::int32_t* columns;  // [count], ascending
  std::int64_t count;
  const float* largest;  // [rows], the largest magnitude of each, outliers included; NaN where an element is not finite
};

// Magnitudes of a row from column c on, times depthScale [depth] unless that is nullptr.
template <class Type>
LATHE_INLINE F magnitudesAt(const typename Type::Code* row, const float* depthScale, std::int64_t c, std::int64_t depth) {
  const std::int64_t n = smaller(W, depth - c);
  const F v = widenUpTo<Type>(row + c, n);
  return magnitude(depthScale == nullptr ? v : v * loadUpTo(depthScale + c, n));
}

struct RowMagnitudes {
  float largest;  // NaN where an element is not finite
  float sum, squares;
};

template <class Type>
static RowMagnitudes magnitudesOf(const typename Type::Code* row, const float* depthScale, std::int64_t depth) {
  constexpr int chains = 2;  // of additions, to hide their latency
  F most[chains] = {}, sums[chains] = {}, squares[chains] = {};
  const auto take = [&](int chain, std::int64_t c) __attribute__((always_inline)) {
    const F v = magnitudesAt<Type>(row, depthScale, c, depth);
    most[chain] = maximum(v, most[chain]);
    sums[chain] = sums[chain] + v;
    squares[chain] = fma(v, v, squares[chain]);
  };
  std::int64_t c = 0;
  for (; c + chains * W <= depth; c += chains * W) {
    LATHE_UNROLL
    for (int chain = 0; chain < chains; chain++) take(chain, c + chain * W);
  }
  for (; c < depth; c += W) take(0, c);
  RowMagnitudes found = {largestOf(maximum(most[0], most[1])), sumOf(sums[0] + sums[1]), sumOf(squares[0] + squares[1])};
  if (found.sum - found.sum == 0) return found;
  // Either an element is not finite, which `maximum` may have passed over, or only their sum is too large.
  F poison = {};
  for (c = 0; c < depth; c += W) {
    const F v = magnitudesAt<Type>(row, depthScale, c, depth);
    poison = poison + (v - v);
  }
  if (sumOf(poison) != 0) found.largest = __builtin_nanf("");
  return found;
}

// Of rows of magnitudes: their largest, and how many rows (and kMassive, where one is so) have an outlier in each column.
template <class Type>
static void countOutliers(const Activations& a, std::int64_t first, std::int64_t end, std::int64_t depth, const float* depthScale,
                          float ratio, float* largest, std::int32_t* count) {
  for (std::int64_t r = first; r < end; r++) {
    const auto* const row = static_cast<const typename Type::Code*>(a.from(r, 0).values);
    const RowMagnitudes found = magnitudesOf<Type>(row, depthScale, depth);
    largest[r] = found.largest;
    const float length = static_cast<float>(depth);
    const float large = ratio * __builtin_sqrtf(found.squares / length);
    const float massive = kMassiveRatio * ratio * (found.sum / length);
    if (!(largest[r] > smaller(large, massive))) continue;
    for (std::int64_t c = 0; c < depth; c += W) {
      const F v = magnitudesAt<Type>(row, depthScale, c, depth);
      const I before = loadInts(count + c);
      storeInts(count + c, (before - (I)(v > splat(large))) | ((I)(v > splat(massive)) & splatInt(kMassive)));
    }
  }
}

// a [rows, depth], times depthScale [depth] unless that is nullptr
static Outliers findOutliers(const Activations& a, std::int64_t rows, std::int64_t depth, const float* depthScale, float ratio) {
  const std::int64_t padded = ceilDivide(depth, W) * W;
  const std::int64_t rowsPerPart = larger(8, ceilDivide(rows, kOutlierParts));
  const std::int64_t parts = ceilDivide(rows, rowsPerPart);
  float* const largest = scratchFloats(Scratch::partials, rows + parts * padded);
  auto* const counts = reinterpret_cast<std::int32_t*>(largest + rows);
  parallel(parts, [&](std::int64_t part) {
    std::int32_t* const count = counts + part * padded;
    std::memset(count, 0, static_cast<std::size_t>(padded) * sizeof(std::int32_t));
    withKept(a.format, [&](auto type) {
      countOutliers<decltype(type)>(a, part * rowsPerPart, smaller(rows, (part + 1) * rowsPerPart), depth, depthScale, ratio, largest,
                                    count);
    });
  });

  Outliers outliers;
  outliers.keeps = static_cast<std::int32_t*>(scratch(Scratch::outlierMask, static_cast<std::size_t>(padded) * 4));
  outliers.columns = static_cast<std::int32_t*>(scratch(Scratch::outliers, static_cast<std::size_t>(depth) * 4));
  outliers.count = 0;
  outliers.largest = largest;
  for (std::int64_t part = 1; part < parts; part++) {
    const std::int32_t* const more = counts + part * padded;
    for (std::int64_t c = 0; c < depth; c++) {
      counts[c] = ((counts[c] | more[c]) & kMassive) | ((counts[c] & (kMassive - 1)) + (more[c] & (kMassive - 1)));
    }
  }
  auto least = static_cast<std::int32_t>(ceilDivide(rows, kOutlierRows));
  const std::int64_t most = larger(1, depth / kOutlierShare);
  std::int64_t found = 0;
  for (std::int64_t c = 0; c < depth; c++) found += counts[c] >= least ? 1 : 0;
  if (found > most) {
    std::memcpy(outliers.columns, counts, static_cast<std::size_t>(depth) * sizeof(std::int32_t));
    least = selectLargest(outliers.columns, depth, most) + 1;  // equal ones stay in
  }
  for (std::int64_t c = 0; c < depth; c++) {
    const bool is = counts[c] >= least;
    outliers.keeps[c] = is ? 0 : -1;
    if (is) outliers.columns[outliers.count++] = static_cast<std::int32_t>(c);
  }
  return outliers;
}

// The largest magnitude of row r, outliers left out; NaN where an element is not finite.
static float largestInRow(const Activations& a, std::int64_t r, std::int64_t depth, const float* depthScale,
                          const Outliers& outliers) {
  if (outliers.count == 0 || outliers.largest[r] != outliers.largest[r]) return outliers.largest[r];
  F most = {};
  withKept(a.format, [&](auto type) {
    using Type = decltype(type);
    const auto* const row = static_cast<const typename Type::Code*>(a.from(r, 0).values);
    for (std::int64_t c = 0; c < depth; c += W) {
      most = maximum((F)((I)magnitudesAt<Type>(row, depthScale, c, depth) & loadInts(outliers.keeps + c)), most);
    }
  });
  return largestOf(most);
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
