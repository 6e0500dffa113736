// The next token of each row of logits: drawn from the likeliest.
#pragma once

#include "../scratch.h"
#include "../thread_pool.h"
#include "int8_weights.h"
#include "largest_index.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr int kDoubles = W / 2;  // lanes of float64
typedef double D __attribute__((vector_size(W * 4)));
typedef std::int64_t L __attribute__((vector_size(W * 4)));
typedef float HalfF __attribute__((vector_size(W * 2)));
typedef double UnalignedD __attribute__((vector_size(W * 4), aligned(8), may_alias));

LATHE_INLINE D loadDoubles(const double* p) { return (D) * reinterpret_cast<const UnalignedD*>(p); }
LATHE_INLINE void storeDoubles(double* p, D v) { *reinterpret_cast<UnalignedD*>(p) = (UnalignedD)v; }
LATHE_INLINE double sumOfDoubles(D v) {
  double sum = 0;
  for (int lane = 0; lane < kDoubles; lane++) sum += v[lane];
  return sum;
}

// e^x for x <= 0, within 2 ulp; 0 below -708, where float64 runs out of normal numbers.
//
// x = n ln 2 + r with |r| <= ln 2 / 2, and e^r by its series, whose next term is 4e-18 at most. n goes to the exponent.
LATHE_INLINE D exponentialOfDoubles(D x) {
  const D least = D{} - 708.0;
  const L isNothing = (L)(x < least);
  x = (D)((isNothing & (L)least) | (~isNothing & (L)x));
  const D shifted = x * 1.4426950408889634 + kToWhole;
  const D n = shifted - kToWhole;
  const D r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;  // the first has 32 bits of ln 2
  constexpr double terms[] = {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
                              1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      1.0 / 2,     1.0,
                              1.0};
  D p = D{} + 1.0 / 6227020800;
  LATHE_UNROLL
  for (int i = 0; i < 13; i++) p = p * r + terms[i];
  return (D)(~isNothing & ((L)p + ((L)shifted << 52)));
}

// weights [n] = e^((logits - largest) / temperature). Returns their sum.
static double weightsOf(const float* logits, std::int64_t n, float largest, double temperature, double* weights) {
  const auto weightOf = [&](const float* from) __attribute__((always_inline)) {
    HalfF values;
    std::memcpy(&values, from, sizeof values);
    return exponentialOfDoubles((__builtin_convertvector(values, D) - static_cast<double>(largest)) / temperature);
  };
  D sums = {};
  std::int64_t i = 0;
  for (; i + kDoubles <= n; i += kDoubles) {
    const D weight = weightOf(logits + i);
    storeDoubles(weights + i, weight);
    sums += weight;
  }
  double sum = sumOfDoubles(sums);
  if (i == n) return sum;
  float rest[kDoubles] = {};
  std::memcpy(rest, logits + i, static_cast<std::size_t>(n - i) * sizeof(float));
  const D weight = weightOf(rest);
  for (std::int64_t lane = 0; i < n; i++, lane++) sum += weights[i] = weight[lane];
  return sum;
}

// The k largest of the logits, 0 < k < V, of those equal to the least the first: `chosen` and `ids`, in the order of ids.
static void largestLogits(const float* logits, std::int64_t V, std::int64_t k, float* chosen, std::int32_t* ids) {
  // A heap of the largest so far, the least of them first.
  float* const heap = chosen;
  const auto sink = [&](std::int64_t place) __attribute__((always_inline)) {
    const float value = heap[place];
    for (;;) {
      std::int64_t child = 2 * place + 1;
      if (child >= k) break;
      if (child + 1 < k && heap[child + 1] < heap[child]) child++;
      if (heap[child] >= value) break;
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = value;
  };
  std::memcpy(heap, logits, static_cast<std::size_t>(k) * sizeof(float));
  for (std::int64_t place = k / 2 - 1; place >= 0; place--) sink(place);
  for (std::int64_t i = k; i < V;) {
    if (i + W <= V) {
      const I isLarger = (I)(load(logits + i) > splat(heap[0]));
      std::int32_t any = 0;
      for (int lane = 0; lane < W; lane++) any |= isLarger[lane];
      if (any == 0) {
        i += W;
        continue;
      }
    }
    for (const std::int64_t end = smaller(V, i + W); i < end; i++) {
      if (logits[i] <= heap[0]) continue;
      heap[0] = logits[i];
      sink(0);
    }
  }
  const float least = heap[0];
  std::int64_t equals = 0;
  for (std::int64_t i = 0; i < k; i++) equals += heap[i] == least;
  std::int64_t count = 0;
  for (std::int64_t i = 0; count < k; i++) {
    if (logits[i] < least || (logits[i] == least && equals-- <= 0)) continue;
    chosen[count] = logits[i];
    ids[count++] = static_cast<std::int32_t>(i);
  }
}

// The largest values down to the least that is needed, and how many of the values equal to it. All: no equals.
struct Cut {
  double least;
  std::int64_t equals;
};

// Where to cut so that the largest values together sum to at least what is needed; all where they sum to less. Divides around a
// pivot and goes on in the part that holds the cut, so a vocabulary is never sorted. The order of the values changes.
static Cut cutLargest(double* values, std::int64_t count, double needed) {
  std::int64_t start = 0, end = count;
  while (start < end) {
    const double a = values[start], b = values[(start + end) / 2], c = values[end - 1];
    const double least = a < b ? a : b, most = a < b ? b : a;
    const double pivot = c < least ? least : c > most ? most : c;
    // Larger ones to the front, smaller ones to the back, equal ones between.
    std::int64_t above = start, below = end;
    double sumAbove = 0;
    for (std::int64_t i = start; i < below;) {
      const double value = values[i];
      if (value > pivot) {
        sumAbove += value;
        values[i++] = values[above];
        values[above++] = value;
      } else if (value < pivot) {
        values[i] = values[--below];
        values[below] = value;
      } else {
        i++;
      }
    }
    const double equal = static_cast<double>(below - above) * pivot;
    if (above > start && sumAbove >= needed) {
      end = above;
    } else if (sumAbove + equal >= needed) {
      return {pivot, larger(1, static_cast<std::int64_t>(__builtin_ceil((needed - sumAbove) / pivot)))};
    } else {
      needed -= sumAbove + equal;
      start = below;
    }
  }
  return {0, 0};
}

// Keeps the likeliest whose weights sum to at least topP of the total; the others' weights become 0. Returns the sum of those kept.
static double keepNucleus(double* weights, std::int64_t n, double total, double topP, double* candidates) {
  // Those of less than this share sum to half of what may be left out, so the cut is above them.
  const double negligible = 0.5 * (1 - topP) * total / static_cast<double>(n);
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; i++) {
    candidates[count] = weights[i];
    count += weights[i] > negligible;
  }
  const Cut cut = cutLargest(candidates, count, topP * total);
  if (cut.equals == 0) return total;
  std::int64_t left = cut.equals;  // of those equal to the least, the first stay
  double kept = 0;
  for (std::int64_t i = 0; i < n; i++) {
    if (weights[i] > cut.least || (weights[i] == cut.least && left-- > 0)) kept += weights[i];
    else weights[i] = 0;
  }
  return kept;
}

// The place up to which the weights first sum to more than `rest`. Where rounding leaves a little over, the last that has a weight.
static std::int64_t drawn(const double* weights, std::int64_t n, double rest) {
  constexpr std::int64_t block = 512;
  std::int64_t i = 0;
  for (; i + block <= n; i += block) {
    D sums = {};
    for (std::int64_t at = i; at < i + block; at += kDoubles) sums += loadDoubles(weights + at);
    const double sum = sumOfDoubles(sums);
    if (rest < sum) break;
    rest -= sum;
  }
  for (; i < n; i++) {
    rest -= weights[i];
    if (rest < 0) return i;
  }
  while (weights[i - 1] == 0) i--;
  return i - 1;
}

static std::int32_t sampledToken(const float* logits, std::int64_t V, const SamplingChoice& choice) {
  const auto best = static_cast<std::int32_t>(largestIndex(logits, V));
  const float largest = logits[best];
  if (!(__builtin_fabsf(largest) < __builtin_inff())) return -1 - best;
  if (choice.temperature == 0) return best;
  const bool isCut = choice.topK > 0 && choice.topK < static_cast<double>(V);
  const std::int64_t n = isCut ? static_cast<std::int64_t>(choice.topK) : V;
  auto* const weights = static_cast<double*>(scratch(Scratch::sampling, static_cast<std::size_t>(n) * 24));
  double* const candidates = weights + n;
  auto* const chosen = reinterpret_cast<float*>(candidates + n);
  auto* const ids = reinterpret_cast<std::int32_t*>(chosen + n);
  if (isCut) largestLogits(logits, V, n, chosen, ids);
  double total = weightsOf(isCut ? chosen : logits, n, largest, choice.temperature, weights);
  if (choice.topP < 1) total = keepNucleus(weights, n, total, choice.topP, candidates);
  const std::int64_t place = drawn(weights, n, choice.place * total);
  return isCut ? ids[place] : static_cast<std::int32_t>(place);
}

static void sampleRows(const SampleRows& s) {
  parallel(s.N, [&](std::int64_t row) { s.ids[row] = sampledToken(s.logits + row * s.V, s.V, s.choices[row]); });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
