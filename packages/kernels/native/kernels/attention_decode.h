// One query a sequence over its cache of keys and values, which may be kept in fewer bits: bound by reading the caches. They
// are cut into pieces of kDecodeKeys rows that are attended to side by side and then joined in order.
#pragma once

#include <type_traits>

#include "attention.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kDecodeKeys = 256;

// Rows of the cache that are multiplied side by side, and query heads that share their widened numbers: as many as there are registers
// for sums.
constexpr std::int64_t kRowsAtOnce = 4;
static_assert(kDecodeKeys % kRowsAtOnce == 0, "scores of whole rows have room");
#if defined(LATHE_AVX2) && !defined(LATHE_AVX512)
constexpr int kHeadsAtOnce = 2;
#else
constexpr int kHeadsAtOnce = 4;
#endif

// What a cache holds of one head: keys or values [M, heads, d], with a scale for each row where there are scales.
struct CacheHead {
  const void* codes;
  const float* scales;
  std::int64_t heads, head, d;
};

// A row of it, widened vector by vector.
template <class Type>
struct CacheRow {
  const typename Type::Code* codes;
  F scale;

  CacheRow() = default;
  CacheRow(const CacheHead& cache, std::int64_t row) {
    const std::int64_t at = row * cache.heads + cache.head;
    codes = static_cast<const typename Type::Code*>(cache.codes) + at * cache.d;
    if (kIsInt8<Type>) scale = splat(cache.scales[at]);
  }
  __attribute__((always_inline)) inline F at(std::int64_t c, std::int64_t d) const {
    const F v = c + W <= d ? Type::widen(codes + c) : widenUpTo<Type>(codes + c, d - c);
    return kIsInt8<Type> ? v * scale : v;
  }
};

// The sums of four vectors, side by side.
LATHE_INLINE void storeSumsOfFour(float* to, const F (&v)[4]) {
#if defined(LATHE_AVX2)
  const auto half = [](F all) __attribute__((always_inline)) {
#if defined(LATHE_AVX512)
    return _mm256_add_ps(_mm512_castps512_ps256((__m512)all), _mm512_extractf32x8_ps((__m512)all, 1));
#else
    return (__m256)all;
#endif
  };
  const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(half(v[0]), half(v[1])), _mm256_hadd_ps(half(v[2]), half(v[3])));
  _mm_storeu_ps(to, _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1)));
#else
  for (int i = 0; i < 4; i++) to[i] = sumOf(v[i]);
#endif
}

// scores [H, kDecodeKeys] of H query heads [H, padded] by `count` rows of keys from `first` on
template <class Type, int H>
static void scoreKeys(const CacheHead& keys, std::int64_t first, std::int64_t count, const float* queries, std::int64_t padded,
                      float* scores) {
  for (std::int64_t j = 0; j < count; j += kRowsAtOnce) {
    CacheRow<Type> rows[kRowsAtOnce];
    // Past the last row it is taken again, and its scores are not read.
    for (std::int64_t i = 0; i < kRowsAtOnce; i++) rows[i] = CacheRow<Type>(keys, first + smaller(j + i, count - 1));
    F sums[H][kRowsAtOnce] = {};
    const auto add = [&](std::int64_t c) __attribute__((always_inline)) {
      F v[kRowsAtOnce];
      LATHE_UNROLL
      for (int i = 0; i < kRowsAtOnce; i++) v[i] = rows[i].at(c, keys.d);
      LATHE_UNROLL
      for (int h = 0; h < H; h++) {
        const F query = load(queries + h * padded + c);
        LATHE_UNROLL
        for (int i = 0; i < kRowsAtOnce; i++) sums[h][i] = fma(v[i], query, sums[h][i]);
      }
    };
    for (std::int64_t c = 0; c < padded; c += W) add(c);
    LATHE_UNROLL
    for (int h = 0; h < H; h++) storeSumsOfFour(scores + h * kDecodeKeys + j, sums[h]);
  }
}

// V vectors of sums [H, padded], from c on: rows of values, each times its weight for a head. weights: [H, kDecodeKeys]
template <class Type, int H, int V>
static void sumValues(const CacheHead& values, std::int64_t first, std::int64_t count, const float* weights, std::int64_t c,
                      std::int64_t padded, float* sums) {
  F of[H][V] = {};
  for (std::int64_t j = 0; j < count; j++) {
    const CacheRow<Type> row(values, first + j);
    F weight[H];
    LATHE_UNROLL
    for (int h = 0; h < H; h++) weight[h] = splat(weights[h * kDecodeKeys + j]);
    LATHE_UNROLL
    for (int v = 0; v < V; v++) {
      const F value = row.at(c + v * W, values.d);
      LATHE_UNROLL
      for (int h = 0; h < H; h++) of[h][v] = fma(value, weight[h], of[h][v]);
    }
  }
  for (int h = 0; h < H; h++) {
    for (int v = 0; v < V; v++) store(sums + h * padded + c + v * W, of[h][v]);
  }
}
template <class Type, int H>
static void sumAllValues(const CacheHead& values, std::int64_t first, std::int64_t count, const float* weights, std::int64_t padded,
                         float* sums) {
  std::int64_t c = 0;
  for (; c + 4 * W <= padded; c += 4 * W) sumValues<Type, H, 4>(values, first, count, weights, c, padded, sums);
  switch ((padded - c) / W) {
    case 3: return sumValues<Type, H, 3>(values, first, count, weights, c, padded, sums);
    case 2: return sumValues<Type, H, 2>(values, first, count, weights, c, padded, sums);
    case 1: return sumValues<Type, H, 1>(values, first, count, weights, c, padded, sums);
    default: return;
  }
}

// Calls each(h, H) for heads from `h` on, of `heads`: as many together as may be, H a constant.
template <int H, class Each>
LATHE_INLINE void forHeads(std::int64_t h, std::int64_t heads, const Each& each) {
  for (; h + H <= heads; h += H) each(h, std::integral_constant<int, H>());
  if constexpr (H > 1) forHeads<H / 2>(h, heads, each);
}

// row [keys] to exponentials of its distances from the largest, which is NaN where one is. @returns the largest; sets their total
LATHE_INLINE float exponentialsOf(float* row, std::int64_t keys, float& total) {
  F largest = splat(row[0]);
  for (std::int64_t j = 0; j < keys; j += W) {
    const F v = loadFilled(row + j, keys - j, row[0]);
    largest = select((I)(v > largest) | (I)(v != v), v, largest);
  }
  const float all = largestOf(largest);
  F sums = {};
  for (std::int64_t j = 0; j < keys; j += W) {
    const std::int64_t n = smaller(W, keys - j);
    storeUpTo(row + j, exponential(loadUpTo(row + j, n) - splat(all)), n);
    sums = sums + loadUpTo(row + j, n);
  }
  total = sumOf(sums);
  return all;
}

template <class Type>
static void decodeWith(const AttentionDecode& a) {
  const float* const q = a.q;
  float* const out = a.out;
  const KeyValueCache* const caches = a.caches;
  const std::int64_t S = a.S, heads = a.heads, keyValueHeads = a.keyValueHeads, d = a.headSize;
  const float scale = a.scale;
  const std::int64_t group = heads / keyValueHeads;
  const std::int64_t padded = roundUp(d, W);
  // firstPiece [S + 1]: pieces of the sequences before
  auto* const firstPiece = static_cast<std::int64_t*>(
      scratch(Scratch::attention, static_cast<std::size_t>(S + 1) * sizeof(std::int64_t)));
  firstPiece[0] = 0;
  for (std::int64_t s = 0; s < S; s++) firstPiece[s + 1] = firstPiece[s] + ceilDivide(caches[s].length, kDecodeKeys);
  // partial [pieces of all sequences, G, group, 2 + padded]: largest score, sum of exponentials, weighted sum of values
  const std::int64_t record = 2 + padded;
  float* const partial = scratchFloats(Scratch::partials, firstPiece[S] * heads * record);
  parallel(firstPiece[S] * keyValueHeads, [&](std::int64_t job) {
    const std::int64_t piece = job / keyValueHeads;
    const std::int64_t head = job % keyValueHeads;
    std::int64_t sequence = 0;
    for (std::int64_t end = S; end - sequence > 1;) {
      const std::int64_t middle = (sequence + end) / 2;
      (firstPiece[middle] <= piece ? sequence : end) = middle;
    }
    const KeyValueCache& cache = caches[sequence];
    const std::int64_t start = (piece - firstPiece[sequence]) * kDecodeKeys;
    const std::int64_t keys = smaller(kDecodeKeys, cache.length - start);
    Carver carver = {scratchFloats(Scratch::scores, roundUp(group * kDecodeKeys, 16) + 2 * roundUp(group * padded, 16))};
    float* const scores = carver.take(group * kDecodeKeys);
    float* const queries = carver.take(group * padded);
    float* const sums = carver.take(group * padded);
    for (std::int64_t h = 0; h < group; h++) {
      const float* const query = q + (sequence * heads + head * group + h) * d;
      for (std::int64_t c = 0; c < padded; c += W) store(queries + h * padded + c, loadUpTo(query + c, d - c) * splat(scale));
    }
    const CacheHead keysOfHead = {cache.keys, cache.keyScales, keyValueHeads, head, d};
    const CacheHead valuesOfHead = {cache.values, cache.valueScales, keyValueHeads, head, d};
    forHeads<kHeadsAtOnce>(0, group, [&](std::int64_t h, auto count) {
      scoreKeys<Type, decltype(count)::value>(keysOfHead, start, keys, queries + h * padded, padded, scores + h * kDecodeKeys);
    });
    for (std::int64_t h = 0; h < group; h++) {
      float* const result = partial + (job * group + h) * record;
      result[0] = exponentialsOf(scores + h * kDecodeKeys, keys, result[1]);
    }
    forHeads<kHeadsAtOnce>(0, group, [&](std::int64_t h, auto count) {
      sumAllValues<Type, decltype(count)::value>(valuesOfHead, start, keys, scores + h * kDecodeKeys, padded, sums + h * padded);
    });
    for (std::int64_t h = 0; h < group; h++) {
      std::memcpy(partial + (job * group + h) * record + 2, sums + h * padded, static_cast<std::size_t>(padded) * 4);
    }
  });
  // A job joins the heads of kJoinedPerJob sequences.
  constexpr std::int64_t kJoinedPerJob = 8;
  parallel(ceilDivide(S, kJoinedPerJob), [&](std::int64_t job) {
    for (std::int64_t s = job * kJoinedPerJob; s < smaller(S, (job + 1) * kJoinedPerJob); s++) {
      for (std::int64_t h = 0; h < heads; h++) {
        const auto at = [&](std::int64_t piece) { return partial + (piece * heads + h) * record; };
        float largest = at(firstPiece[s])[0];
        for (std::int64_t piece = firstPiece[s] + 1; piece < firstPiece[s + 1]; piece++) {
          const float here = at(piece)[0];
          largest = here > largest || here != here ? here : largest;
        }
        float total = 0;
        for (std::int64_t piece = firstPiece[s]; piece < firstPiece[s + 1]; piece++) {
          total += at(piece)[1] * exponentialOfOne(at(piece)[0] - largest);
        }
        for (std::int64_t c = 0; c < d; c += W) {
          F sum = {};
          for (std::int64_t piece = firstPiece[s]; piece < firstPiece[s + 1]; piece++) {
            sum = fma(load(at(piece) + 2 + c), splat(exponentialOfOne(at(piece)[0] - largest) / total), sum);
          }
          storeUpTo(out + (s * heads + h) * d + c, sum, smaller(W, d - c));
        }
      }
    }
  });
}

static void attentionDecode(const AttentionDecode& a) {
  if (a.S == 0) return;
  switch (a.caches[0].format) {
    case Format::bf16: return decodeWith<Bf16>(a);
    case Format::int8: return decodeWith<Int8>(a);
    default: return decodeWith<Fp32>(a);
  }
}

// Attention of any number of queries: in tiles, but for steps of generation, whose sequences have one query each.
static void attentionForward(const AttentionForward& a) {
  const AttentionShape& attention = a.shape;
  bool isStep = a.logSumExp == nullptr;
  for (std::int64_t s = 0; s < attention.sequences && isStep; s++) {
    isStep = attention.querySegments[s + 1] - attention.querySegments[s] <= 1;
  }
  if (!isStep) return attentionInTiles(a);
  const std::int64_t queryWidth = attention.heads * attention.headSize;
  const std::int64_t keyWidth = attention.keyValueHeads * attention.headSize;
  for (std::int64_t s = 0; s < attention.sequences; s++) {
    const std::int64_t query = attention.querySegments[s];
    if (attention.querySegments[s + 1] == query) continue;
    const std::int64_t first = attention.keySegments[s];
    const KeyValueCache cache = {Format::fp32, a.k + first * keyWidth, a.v + first * keyWidth, nullptr, nullptr,
                                 attention.keySegments[s + 1] - first};
    decodeWith<Fp32>({a.q + query * queryWidth, &cache, a.out + query * queryWidth, 1, attention.heads, attention.keyValueHeads,
                      attention.headSize, attention.scale});
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
