// An output head with its loss: negative log-likelihoods of rows, and the gradient of their sum, without a matrix of logits.
//
// What the product gives is turned into exponentials while it is in the cache, less the largest logit so far of a few columns of
// the row (online softmax, arXiv:1805.02867). For the gradient they are either kept in a workspace or, a block of the vocabulary
// at a time, computed again, which costs less than storing them where products are fast.
#pragma once

#include "cross_entropy.h"
#include "linear.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kHeadColumns = ProductCut::columnBlock;        // of a row, with a largest logit of their own
constexpr float kLeastLogit = -3.402823466e38f;                       // so that a block of -inf has differences

LATHE_INLINE std::int64_t headUnits(std::int64_t vocabulary) { return ceilDivide(vocabulary, kHeadColumns); }

// Of each row and each unit of columns: the largest logit, and the sum of the exponentials of the differences to it.
struct HeadSums {
  float* largest;      // [N, units]
  float* sums;         // [N, units]
  float* atTarget;     // [N]
  float* logSums;      // [N], when all units are there
};

static HeadSums headSumsOf(std::int64_t N, std::int64_t units) {
  float* const all = scratchFloats(Scratch::headSums, N * (2 * units + 2));
  return {all, all + N * units, all + 2 * N * units, all + (2 * units + 1) * N};
}

template <class Type>
LATHE_INLINE void storeAs(typename Type::Code* to, F v, std::int64_t count) {
  if constexpr (kIsBf16<Type>) storeBf16UpTo(to, v, count);
  else storeUpTo(to, v, count);
}

// Finds the largest logit and the sum of exponentials of one unit of a row, and writes the exponentials to `kept` unless that is
// nullptr. A NaN among the logits makes the sum NaN, even where the maximum passes over it.
template <class Type>
static void takeHeadUnit(const float* logits, std::int64_t count, float* largest, float* sum, typename Type::Code* kept) {
  const float most = largestOfRow(logits, count);
  *largest = most > kLeastLogit ? most : kLeastLogit;
  const F shift = splat(*largest);
  F sums[2] = {};
  std::int64_t i = 0;
  for (; i + W <= count; i += W) {
    const F e = exponential(load(logits + i) - shift);
    sums[i / W % 2] = sums[i / W % 2] + e;
    if (kept != nullptr) storeAs<Type>(kept + i, e, W);
  }
  *sum = sumOf(sums[0] + sums[1]);
  if (i == count) return;
  float lanes[W];
  store(lanes, exponential(loadUpTo(logits + i, count - i) - shift));
  for (std::int64_t lane = 0; lane < count - i; lane++) *sum += lanes[lane];
  if (kept != nullptr) storeAs<Type>(kept + i, load(lanes), count - i);
}

// Losses from the sums of all units.
static void finishHeadSums(const HeadSums& head, float* losses, std::int64_t N, std::int64_t units) {
  constexpr std::int64_t rowsPerJob = 16;
  parallel(ceilDivide(N, rowsPerJob), [&](std::int64_t job) {
    for (std::int64_t row = job * rowsPerJob; row < smaller(N, (job + 1) * rowsPerJob); row++) {
      const float* const largest = head.largest + row * units;
      float most = kLeastLogit;
      for (std::int64_t u = 0; u < units; u++) most = largest[u] > most ? largest[u] : most;
      double sum = 0;
      for (std::int64_t u = 0; u < units; u++) {
        sum += static_cast<double>(head.sums[row * units + u]) * __builtin_exp(static_cast<double>(largest[u] - most));
      }
      const double logSum = static_cast<double>(most) + __builtin_log(sum);
      head.logSums[row] = static_cast<float>(logSum);
      losses[row] = static_cast<float>(logSum - static_cast<double>(head.atTarget[row]));
    }
  });
}

// Kept exponentials [N, V] to the gradient of the sum of losses: softmax less one-hot.
template <class Type>
static void finishHeadGradient(const HeadSums& head, const std::int32_t* targets, typename Type::Code* kept, std::int64_t N,
                               std::int64_t vocabulary) {
  const std::int64_t units = headUnits(vocabulary);
  parallel(N, [&](std::int64_t row) {
    typename Type::Code* const gradient = kept + row * vocabulary;
    for (std::int64_t u = 0; u < units; u++) {
      const float factor = static_cast<float>(
          __builtin_exp(static_cast<double>(head.largest[row * units + u]) - static_cast<double>(head.logSums[row])));
      const std::int64_t end = smaller(vocabulary, (u + 1) * kHeadColumns);
      for (std::int64_t c = u * kHeadColumns; c < end; c += W) {
        storeAs<Type>(gradient + c, widenUpTo<Type>(gradient + c, end - c) * splat(factor), end - c);
      }
    }
    const float atTarget = __builtin_expf(head.atTarget[row] - head.logSums[row]) - 1.0f;
    storeAs<Type>(gradient + targets[row], splat(atTarget), 1);
  });
}

static_assert(kHeadBlock % kNf4ScaleGroup == 0, "groups of scales are whole");
// Rows [first, first + rows) of a weight, `first` a multiple of kHeadBlock.
static Weight weightRowsOf(const Weight& weight, std::int64_t first, std::int64_t rows) {
  Weight part = weight;
  part.rows = rows;
  withFormat(weight.format, [&](auto type) { part.codes = WeightRow<decltype(type)>(weight, first).codes; });
  const std::int64_t perScale = weight.format == Format::nf4 ? kNf4Block : weight.format == Format::fp8 ? kFp8Block : weight.columns;
  const std::int64_t scalesInRow = ceilDivide(weight.columns, perScale);
  if (weight.scales != nullptr) part.scales += first * scalesInRow;
  if (weight.scaleCodes != nullptr) {
    part.scaleCodes += first * scalesInRow;
    part.groupScales += first * scalesInRow / kNf4ScaleGroup;
  }
  return part;
}

// dHidden = gradient of logits * W, as many columns of the vocabulary at a time as the workspace has, whose logits are computed
// for it.
// @param gradient the workspace
template <class Type>
static void recomputedHeadGradient(const HeadLosses& l, const Product& logits, const HeadSums& head, Precision precision,
                                   typename Type::Code* gradient) {
  const Weight& weight = l.weight;
  const std::int64_t block = l.workspaceColumns;
  for (std::int64_t first = 0; first < weight.rows; first += block) {
    const std::int64_t width = smaller(block, weight.rows - first);
    const auto take = [&](const Part& part) {
      for (std::int64_t r = 0; r < part.rows; r++) {
        const std::int64_t row = part.row + r;
        const float* const from = part.sums[0] + r * part.stride;
        typename Type::Code* const to = gradient + row * width + part.column;
        if (r + 1 < part.rows) fetchRow(to + width, part.columns * static_cast<std::int64_t>(sizeof to[0]));
        const F shift = splat(head.logSums[row]);
        for (std::int64_t c = 0; c < part.columns; c += W) {
          const std::int64_t n = smaller(W, part.columns - c);
          storeAs<Type>(to + c, exponential(loadUpTo(from + c, n) - shift), n);
        }
        const std::int64_t target = l.targets[row] - first - part.column;
        if (target < 0 || target >= part.columns) continue;
        storeAs<Type>(to + target, splat(__builtin_expf(head.atTarget[row] - head.logSums[row]) - 1.0f), 1);
      }
    };
    const Sink sink = sinkOf(take, Activity::head);
    const Factor factor = {weightRowsOf(weight, first, width), true, l.bias == nullptr ? nullptr : l.bias + first, nullptr, {}};
    Product again = logits;
    again.factors = &factor;
    again.sink = &sink;
    const Doing multiplying(Activity::product);
    multiply(again, precision, l.options.outlierRatio);
    const ProductOptions options = {1.0f, first > 0, precision, l.options.outlierRatio};
    linearInputGradient({l.workspace, factor.weight, l.dHidden, {}, l.N, options});
  }
}

static void headLosses(const HeadLosses& l) {
  if (l.N == 0) return;
  const Weight& weight = l.weight;
  const std::int32_t* const targets = l.targets;
  const std::int64_t vocabulary = weight.rows;
  const std::int64_t units = headUnits(vocabulary);
  const HeadSums head = headSumsOf(l.N, units);
  const Precision precision = precisionFor(weight.format, l.options.precision);
  const Factor factor = {weight, true, l.bias, nullptr, {}};
  Product logits = {l.N, weight.columns, rowsOf(l.hidden, weight.columns), &factor, 1, 1.0f, false};
  const bool keeps = l.dHidden != nullptr && l.workspaceColumns == vocabulary;
  withKept(l.workspace.format, [&](auto type) {
    using Type = decltype(type);
    auto* const work = const_cast<typename Type::Code*>(static_cast<const typename Type::Code*>(l.workspace.data));
    const auto take = [&](const Part& part) {
      for (std::int64_t r = 0; r < part.rows; r++) {
        const std::int64_t row = part.row + r;
        const float* const from = part.sums[0] + r * part.stride;
        for (std::int64_t c = 0; c < part.columns; c += kHeadColumns) {
          const std::int64_t place = row * units + (part.column + c) / kHeadColumns;
          takeHeadUnit<Type>(from + c, smaller(kHeadColumns, part.columns - c), head.largest + place, head.sums + place,
                             keeps ? work + row * vocabulary + part.column + c : nullptr);
        }
        const std::int64_t target = targets[row] - part.column;
        if (target >= 0 && target < part.columns) head.atTarget[row] = from[target];
      }
    };
    const Sink sink = sinkOf(take, Activity::head, kHeadColumns);
    logits.sink = &sink;
    {
      const Doing multiplying(Activity::product);
      multiply(logits, precision, l.options.outlierRatio);
    }
    finishHeadSums(head, l.losses, l.N, units);
    if (l.dHidden == nullptr) return;
    if (keeps) {
      finishHeadGradient<Type>(head, targets, work, l.N, vocabulary);
      const Doing multiplying(Activity::product);
      linearInputGradient({l.workspace, weight, l.dHidden, {}, l.N, l.options});
    } else {
      recomputedHeadGradient<Type>(l, logits, head, precision, work);
    }
  });
  freeScratch(Scratch::headSums);
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
