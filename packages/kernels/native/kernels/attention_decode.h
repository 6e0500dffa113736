// One query a sequence over its cache of keys and values, which may be kept in fewer bits: bound by reading the caches. They
// are cut into pieces of kDecodeKeys rows that are attended to side by side and then joined in order.
#pragma once

#include "attention.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kDecodeKeys = 256;
static_assert(kDecodeKeys % kTileKeys == 0, "a piece is whole tiles");

// What a cache holds of one head: keys or values [M, heads, d], with a scale for each row where there are scales.
struct CacheHead {
  const void* codes;
  const float* scales;
  std::int64_t heads, head, d;
};

// rows [count, padded], widened, from cache rows `first` on
template <class Type>
LATHE_INLINE void widenCacheRows(const CacheHead& cache, std::int64_t first, std::int64_t count, std::int64_t padded,
                                 float* rows) {
  const auto* codes = static_cast<const typename Type::Code*>(cache.codes);
  for (std::int64_t j = 0; j < count; j++, rows += padded) {
    const std::int64_t at = (first + j) * cache.heads + cache.head;
    const F scale = splat(cache.scales == nullptr ? 1.0f : cache.scales[at]);
    for (std::int64_t c = 0; c < padded; c += W) {
      const F v = widenUpTo<Type>(codes + at * cache.d + c, cache.d - c);
      store(rows + c, cache.scales == nullptr ? v : v * scale);
    }
  }
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
    const std::int64_t tileFloats = kTileKeys * (padded + NR);
    Carver carver = {scratchFloats(Scratch::scores, roundUp(group * kDecodeKeys, 16) + 2 * roundUp(group * padded, 16) +
                                                        2 * roundUp(tileFloats, 16))};
    float* const scores = carver.take(group * kDecodeKeys);
    float* const queries = carver.take(group * padded);
    float* const sums = carver.take(group * padded);
    float* const rows = carver.take(tileFloats);
    float* const panels = carver.take(tileFloats);
    for (std::int64_t h = 0; h < group; h++) {
      for (std::int64_t c = 0; c < padded; c += W) {
        const float* query = q + (sequence * heads + head * group + h) * d;
        store(queries + h * padded + c, loadUpTo(query + c, d - c) * splat(scale));
        store(sums + h * padded + c, F{});
      }
    }
    for (std::int64_t tileStart = 0; tileStart < keys; tileStart += kTileKeys) {
      const std::int64_t count = smaller(kTileKeys, keys - tileStart);
      widenCacheRows<Type>({cache.keys, cache.keyScales, keyValueHeads, head, d}, start + tileStart, count, padded, rows);
      for (std::int64_t first = 0; first < count; first += NR) {
        const float* pointers[NR];
        for (int i = 0; i < NR; i++) pointers[i] = rows + smaller(first + i, count - 1) * padded;
        interleave<NR>(pointers, d, panels);
        tileColumn<Float32Steps>(group, d, queries, padded, 1, panels, NR,
                                 {scores + tileStart + first, kDecodeKeys, smaller(NR, count - first), nullptr, nullptr, 1.0f,
                                  false});
      }
    }
    for (std::int64_t h = 0; h < group; h++) {
      float* const row = scores + h * kDecodeKeys;
      float* const result = partial + (job * group + h) * record;
      float largest = row[0];
      for (std::int64_t j = 1; j < keys; j++) largest = row[j] > largest || row[j] != row[j] ? row[j] : largest;
      float total = 0;
      for (std::int64_t j = 0; j < keys; j += W) {
        const std::int64_t n = smaller(W, keys - j);
        storeUpTo(row + j, exponential(loadUpTo(row + j, n) - splat(largest)), n);
        total += sumOf(loadUpTo(row + j, n));
      }
      result[0] = largest;
      result[1] = total;
    }
    for (std::int64_t tileStart = 0; tileStart < keys; tileStart += kTileKeys) {
      const std::int64_t count = smaller(kTileKeys, keys - tileStart);
      widenCacheRows<Type>({cache.values, cache.valueScales, keyValueHeads, head, d}, start + tileStart, count, padded, rows);
      for (std::int64_t c = 0; c < padded; c += NR) {
        tileColumn<Float32Steps>(group, count, scores + tileStart, kDecodeKeys, 1, rows + c, padded,
                                 {sums + c, padded, smaller(NR, padded - c), nullptr, nullptr, 1.0f, true});
      }
    }
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
