// Causal attention over sequences that lie end to end, with grouped key/value heads, in tiles (arXiv:2205.14135).
//
// A tile is up to kTileKeys keys of one key/value head and the rows of one block of queries: the G-th part of the query
// heads, all that share this head, for a few positions. Its scores live in the cache and nowhere else. Row r of a block is
// query position r / group and head r % group of the group.
#pragma once

#include "../scratch.h"
#include "exponential.h"
#include "product.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kTileKeys = 64;
constexpr std::int64_t kTileRows = 96;
static_assert(kTileKeys % NR == 0, "a tile of keys is whole panels");

LATHE_INLINE std::int64_t roundUp(std::int64_t count, std::int64_t unit) { return ceilDivide(count, unit) * unit; }

// e^x of one number, by the same code as vectors.
LATHE_INLINE float exponentialOfOne(float x) { return exponential(splat(x))[0]; }

// Sizes that all of one call's tiles share, and where the rows of heads lie.
struct AttentionLayout {
  const AttentionShape& shape;
  std::int64_t group, d, padded, queriesPerBlock, mostRows;
  bool isTiled;  // products are of bfloat16, by tile registers

  explicit AttentionLayout(const AttentionShape& attention) : shape(attention) {
    group = attention.heads / attention.keyValueHeads;
    d = attention.headSize;
    padded = roundUp(d, W);
    queriesPerBlock = larger(1, kTileRows / group);
    mostRows = queriesPerBlock * group;
    isTiled = Bf16Steps::isTiled && attention.precision != Precision::fp32;
  }
  std::int64_t queryRow(std::int64_t position, std::int64_t head) const { return (position * shape.heads + head) * d; }
  std::int64_t keyRow(std::int64_t position, std::int64_t head) const {
    return (position * shape.keyValueHeads + head) * d;
  }
};

// One sequence as seen from one key/value head.
struct AttentionSequence {
  std::int64_t queryStart, queries, keyStart, keys, head;

  AttentionSequence(const AttentionShape& a, std::int64_t sequence, std::int64_t keyValueHead) {
    queryStart = a.querySegments[sequence];
    queries = a.querySegments[sequence + 1] - queryStart;
    keyStart = a.keySegments[sequence];
    keys = a.keySegments[sequence + 1] - keyStart;
    head = keyValueHead;
  }
  // Keys that a query of this sequence sees: its own and all before it.
  std::int64_t visible(std::int64_t query) const { return keys - queries + query + 1; }
};

// Hands out consecutive pieces of scratch.
struct Carver {
  float* next;
  float* take(std::int64_t count) {
    float* piece = next;
    next += roundUp(count, 16);
    return piece;
  }
};

// rows [count, padded] of query heads, times `factor`, from an array [N, H, d]
template <class Type>
static void copyQueryRows(const AttentionLayout& layout, const AttentionSequence& sequence, const typename Type::Code* from,
                          std::int64_t firstQuery, std::int64_t queries, float factor, float* rows) {
  for (std::int64_t i = 0; i < queries; i++) {
    for (std::int64_t h = 0; h < layout.group; h++, rows += layout.padded) {
      const auto* source = from + layout.queryRow(sequence.queryStart + firstQuery + i, sequence.head * layout.group + h);
      for (std::int64_t c = 0; c < layout.padded; c += W) {
        store(rows + c, widenUpTo<Type>(source + c, layout.d - c) * splat(factor));
      }
    }
  }
}

static void storeQueryRows(const AttentionLayout& layout, const AttentionSequence& sequence, const float* rows,
                           std::int64_t firstQuery, std::int64_t queries, float* to) {
  for (std::int64_t i = 0; i < queries; i++) {
    for (std::int64_t h = 0; h < layout.group; h++, rows += layout.padded) {
      float* target = to + layout.queryRow(sequence.queryStart + firstQuery + i, sequence.head * layout.group + h);
      std::memcpy(target, rows, static_cast<std::size_t>(layout.d) * sizeof(float));
    }
  }
}

// rows [count, padded] of one head, from an array [M, G, d]
template <class Type>
static void copyKeyRows(const AttentionLayout& layout, const AttentionSequence& sequence, const typename Type::Code* from,
                        std::int64_t firstKey, std::int64_t count, float* rows) {
  for (std::int64_t j = 0; j < count; j++, rows += layout.padded) {
    const auto* source = from + layout.keyRow(sequence.keyStart + firstKey + j, sequence.head);
    for (std::int64_t c = 0; c < layout.padded; c += W) store(rows + c, widenUpTo<Type>(source + c, layout.d - c));
  }
}

// A left factor: element (r, k) at a[r * row + k * step], one of the two distances 1. `tiles` is where it is packed for tile
// registers.
struct LeftFactor {
  const float* a;
  std::int64_t row, step;
  float* tiles;
};

#if defined(LATHE_TILE_REGISTERS)
LATHE_INLINE void transposeWords(F (&v)[kRegisterSteps]) {
#if defined(LATHE_AVX512)
  __m512 block[kRegisterSteps];
  LATHE_UNROLL
  for (int i = 0; i < kRegisterSteps; i++) block[i] = (__m512)v[i];
  WideBlocks::transpose(block);
  LATHE_UNROLL
  for (int i = 0; i < kRegisterSteps; i++) v[i] = (F)block[i];
#else
  F turned[kRegisterSteps];
  for (int i = 0; i < kRegisterSteps; i++) {
    for (int j = 0; j < kRegisterSteps; j++) turned[i][j] = v[j][i];
  }
  for (int i = 0; i < kRegisterSteps; i++) v[i] = turned[i];
#endif
}

// Tiles of 16 rows of a left factor [rows, k].
static void packLeft(const LeftFactor& left, std::int64_t rows, std::int64_t k) {
  const std::int64_t steps = stepsOf<Bf16Steps>(k);
  if (left.step == 1) {
    RowConversion plain[kRegisterRows];
    for (RowConversion& conversion : plain) conversion = {nullptr, nullptr, 1.0f, false, 0};
    for (std::int64_t r = 0; r < rows; r += kRegisterRows) {
      packActivations<Bf16Steps>(rowsOf(left.a + r * left.row, left.row), smaller(kRegisterRows, rows - r), k, plain,
                                 left.tiles + r * steps);
    }
    return;
  }
  for (std::int64_t r = 0; r < rows; r += kRegisterRows) {
    for (std::int64_t step = 0; step < steps; step += kRegisterSteps) {
      F pairs[kRegisterSteps];
      LATHE_UNROLL
      for (int i = 0; i < kRegisterSteps; i++) {
        const auto at = [&](std::int64_t depth) {
          return depth < k ? loadUpTo(left.a + depth * left.step + r, rows - r) : F{};
        };
        pairs[i] = pairOfBf16<true>(at(2 * (step + i)), at(2 * (step + i) + 1));
      }
      transposeWords(pairs);
      float* const tile = left.tiles + r * steps + step * kRegisterRows;
      LATHE_UNROLL
      for (int i = 0; i < kRegisterRows; i++) store(tile + i * kRegisterSteps, pairs[i]);
    }
  }
}

LATHE_INLINE Factor rightFactor(const AttentionLayout& layout, const float* rows, std::int64_t count, bool isTransposed) {
  Factor factor = {};
  factor.weight = {Format::fp32, rows, nullptr, count, layout.padded, nullptr, nullptr, nullptr, 0};
  factor.isTransposed = isTransposed;
  return factor;
}
#endif

// Panels of key rows [count, padded]: panels [kTileKeys / NR, d, NR] or, for tile registers, one of bfloat16.
static void packKeys(const AttentionLayout& layout, const float* rows, std::int64_t count, float* panels) {
#if defined(LATHE_TILE_REGISTERS)
  if (layout.isTiled) {
    packPanelAs<Bf16Steps, Fp32>(rightFactor(layout, rows, count, true), 0, count, 0, layout.d, panels);
    return;
  }
#endif
  for (std::int64_t first = 0; first < count; first += NR) {
    const float* pointers[NR];
    for (int i = 0; i < NR; i++) pointers[i] = rows + smaller(first + i, count - 1) * layout.padded;
    interleave<NR>(pointers, layout.d, panels + first * layout.d);
  }
}

// Floats that packRight writes at the most.
LATHE_INLINE std::int64_t rightFloats(const AttentionLayout& layout) {
  return layout.isTiled ? kTileKeys / 2 * roundUp(layout.padded, NR) : 0;
}

// Panels of b [k <= kTileKeys, padded] for addTiled, where it wants them.
static void packRight([[maybe_unused]] const AttentionLayout& layout, [[maybe_unused]] const float* b,
                      [[maybe_unused]] std::int64_t k, [[maybe_unused]] float* panels) {
#if defined(LATHE_TILE_REGISTERS)
  if (!layout.isTiled) return;
  const Factor factor = rightFactor(layout, b, k, false);
  for (std::int64_t c = 0; c < layout.padded; c += NR) {
    packPanelAs<Bf16Steps, Fp32>(factor, c, smaller(NR, layout.padded - c), 0, k,
                                 panels + c * stepsOf<Bf16Steps>(kTileKeys));
  }
#endif
}

// Floats that the tiles of a left factor of up to `rows` rows and depth k take.
LATHE_INLINE std::int64_t leftFloats(const AttentionLayout& layout, std::int64_t rows, std::int64_t k) {
  return layout.isTiled ? roundUp(rows, 16) * roundUp(k, 32) / 2 : 0;
}

// Packs rows [rows, padded] for scoreRows, where it wants them.
static void packQueries([[maybe_unused]] const AttentionLayout& layout, [[maybe_unused]] const LeftFactor& queries,
                        [[maybe_unused]] std::int64_t rows) {
#if defined(LATHE_TILE_REGISTERS)
  if (layout.isTiled) packLeft(queries, rows, layout.d);
#endif
}

// out [rows, kTileKeys] = a [rows, padded] times packed keys
static void scoreRows(const AttentionLayout& layout, const LeftFactor& left, std::int64_t rows, const float* panels,
                      std::int64_t keys, float* out) {
#if defined(LATHE_TILE_REGISTERS)
  if (layout.isTiled) {
    const std::int64_t steps = stepsOf<Bf16Steps>(layout.d);
    multiplyPanels<Bf16Steps>(rows, steps, left.tiles, kRegisterRows * steps, panels, panels,
                              {out, kTileKeys, keys, nullptr, nullptr, 1.0f, false});
    return;
  }
#endif
  for (std::int64_t first = 0; first < keys; first += NR) {
    tileColumn<Float32Steps>(rows, layout.d, left.a, left.row, 1, panels + first * layout.d, NR,
                             {out + first, kTileKeys, smaller(NR, keys - first), nullptr, nullptr, 1.0f, false});
  }
}

// out [rows, padded] += alpha * a * b [k, padded]: b as rows or, for tile registers, by packRight, and a in its tiles then.
static void addTiled(const AttentionLayout& layout, const LeftFactor& left, std::int64_t rows, std::int64_t k, const float* b,
                     float alpha, float* out) {
#if defined(LATHE_TILE_REGISTERS)
  if (layout.isTiled) {
    const std::int64_t steps = stepsOf<Bf16Steps>(k);
    for (std::int64_t c = 0; c < layout.padded; c += NR) {
      // Panels were packed for all keys of a tile, of which fewer may be wanted.
      multiplyPanels<Bf16Steps>(rows, steps, left.tiles, kRegisterRows * steps, b + c * stepsOf<Bf16Steps>(kTileKeys), b,
                                {out + c, layout.padded, smaller(NR, layout.padded - c), nullptr, nullptr, alpha, true});
    }
    return;
  }
#endif
  for (std::int64_t c = 0; c < layout.padded; c += NR) {
    tileColumn<Float32Steps>(rows, k, left.a, left.row, left.step, b + c, layout.padded,
                             {out + c, layout.padded, smaller(NR, layout.padded - c), nullptr, nullptr, alpha, true});
  }
}

// Finds the sequence of a job when sequence s has jobs [first[s], first[s + 1]).
LATHE_INLINE std::int64_t sequenceOf(const std::int64_t* first, std::int64_t sequences, std::int64_t job) {
  std::int64_t low = 0;
  std::int64_t high = sequences;
  while (high - low > 1) {
    const std::int64_t middle = (low + high) / 2;
    if (first[middle] <= job) low = middle;
    else high = middle;
  }
  return low;
}

// Cumulative numbers of jobs, jobsOf(sequence) each, in scratch.
template <class JobsOf>
LATHE_INLINE const std::int64_t* countJobs(std::int64_t sequences, JobsOf&& jobsOf) {
  auto* first = static_cast<std::int64_t*>(
      scratch(Scratch::partials, static_cast<std::size_t>(sequences + 1) * sizeof(std::int64_t)));
  first[0] = 0;
  for (std::int64_t s = 0; s < sequences; s++) first[s + 1] = first[s] + jobsOf(s);
  return first;
}

// A tile of keys and values as products take them.
struct KeyPanels {
  float* keys;    // by packKeys
  float* values;  // rows [kTileKeys, padded] or, for tile registers, by packRight

  static std::int64_t keyFloats(const AttentionLayout& layout) {
    return layout.isTiled ? stepsOf<Bf16Steps>(layout.d) * NR : roundUp(kTileKeys * (layout.padded + NR), 16);
  }
  static std::int64_t rowFloats(const AttentionLayout& layout) {
    return layout.isTiled ? rightFloats(layout) : roundUp(kTileKeys * layout.padded, 16);
  }
};

// Rows of one head as addTiled takes them. @param rows [kTileKeys, padded] to work in
template <class Type>
static void loadKeyRows(const AttentionLayout& layout, const AttentionSequence& sequence, const typename Type::Code* from,
                        std::int64_t firstKey, std::int64_t count, float* rows, float* panels) {
  copyKeyRows<Type>(layout, sequence, from, firstKey, count, layout.isTiled ? rows : panels);
  packRight(layout, rows, count, panels);
}

#if defined(LATHE_TILE_REGISTERS)
// Where W numbers in bfloat16 of row r, from column j on, lie in the tiles of a left factor with so many steps.
LATHE_INLINE std::uint16_t* placeInTiles(float* tiles, std::int64_t steps, std::int64_t r, std::int64_t j) {
  float* const tile = tiles + r / kRegisterRows * (kRegisterRows * steps) + j / 32 * kRegisterFloats;
  float* const row = tile + r % kRegisterRows * kRegisterSteps;
  return reinterpret_cast<std::uint16_t*>(row) + j % 32;
}
#endif

// The part of a forward pass that one block of queries takes.
struct ForwardBuffers {
  float *queryRows, *sums, *scores, *largest, *total, *keyRows, *queryTiles, *scoreTiles, *panels;

  // @param tiles of keys that panels hold
  ForwardBuffers(const AttentionLayout& layout, std::int64_t tiles) {
    const std::int64_t block = roundUp(layout.mostRows * layout.padded, 16);
    const std::int64_t scoresSize = roundUp(layout.mostRows * kTileKeys, 16);
    const std::int64_t rows = roundUp(layout.mostRows, 16);
    const std::int64_t tile = roundUp(kTileKeys * layout.padded, 16);
    const std::int64_t queryTileFloats = leftFloats(layout, layout.mostRows, layout.d);
    const std::int64_t scoreTileFloats = leftFloats(layout, layout.mostRows, kTileKeys);
    const std::int64_t panelFloats = tiles * (KeyPanels::keyFloats(layout) + KeyPanels::rowFloats(layout));
    Carver carver = {scratchFloats(Scratch::attention, 2 * block + scoresSize + 2 * rows + tile + queryTileFloats +
                                                           scoreTileFloats + panelFloats)};
    queryRows = carver.take(block);
    sums = carver.take(block);
    scores = carver.take(scoresSize);
    largest = carver.take(rows);
    total = carver.take(rows);
    keyRows = carver.take(tile);
    queryTiles = carver.take(queryTileFloats);
    scoreTiles = carver.take(scoreTileFloats);
    panels = carver.take(panelFloats);
  }

  KeyPanels panelsOf(const AttentionLayout& layout, std::int64_t tile) const {
    const std::int64_t keyFloats = KeyPanels::keyFloats(layout);
    float* const first = panels + tile * (keyFloats + KeyPanels::rowFloats(layout));
    return {first, first + keyFloats};
  }
};

// Scores of row r [visible of `keys`] to exponentials less the largest so far; what was summed before is corrected.
static void softmaxRow(const AttentionLayout& layout, ForwardBuffers& b, std::int64_t r, std::int64_t visible, std::int64_t keys) {
  float* const row = b.scores + r * kTileKeys;
  F sum = {};
  float most = b.largest[r];
  if (visible > 0) {
    F mostLanes = splat(most);
    for (std::int64_t j = 0; j < visible; j += W) {
      mostLanes = maximum(mostLanes, loadFilled(row + j, visible - j, -__builtin_inff()));
    }
    most = largestOf(mostLanes);
  }
  const std::int64_t end = layout.isTiled ? roundUp(keys, 32) : keys;
  [[maybe_unused]] const std::int64_t steps = layout.isTiled ? stepsOf<Bf16Steps>(keys) : 0;
  for (std::int64_t j = 0; j < end; j += W) {
    F e = {};
    if (j < visible) e = exponential(loadFilled(row + j, smaller(W, visible - j), -__builtin_inff()) - splat(most));
    sum = sum + e;
#if defined(LATHE_TILE_REGISTERS)
    if (layout.isTiled) {
      storeBf16(placeInTiles(b.scoreTiles, steps, r, j), e);
      continue;
    }
#endif
    storeUpTo(row + j, e, smaller(W, keys - j));
  }
  if (visible <= 0) return;
  const float correction = b.largest[r] == most ? 1.0f : exponentialOfOne(b.largest[r] - most);
  b.largest[r] = most;
  b.total[r] = b.total[r] * correction + sumOf(sum);
  if (correction == 1.0f) return;
  float* const target = b.sums + r * layout.padded;
  for (std::int64_t c = 0; c < layout.padded; c += W) store(target + c, load(target + c) * splat(correction));
}

static void attentionOfBlock(const AttentionForward& a, const AttentionLayout& layout, const AttentionSequence& sequence,
                             std::int64_t firstQuery, ForwardBuffers& b) {
  const AttentionShape& attention = layout.shape;
  float* const logSumExp = a.logSumExp;
  const std::int64_t queries = smaller(layout.queriesPerBlock, sequence.queries - firstQuery);
  const std::int64_t rows = queries * layout.group;
  const LeftFactor left = {b.queryRows, layout.padded, 1, b.queryTiles};
  copyQueryRows<Fp32>(layout, sequence, a.q, firstQuery, queries, attention.scale, b.queryRows);
  packQueries(layout, left, rows);
  std::memset(b.sums, 0, static_cast<std::size_t>(rows * layout.padded) * sizeof(float));
  for (std::int64_t r = 0; r < rows; r++) {
    b.largest[r] = -__builtin_inff();
    b.total[r] = 0;
  }
  const std::int64_t seen = sequence.visible(firstQuery + queries - 1);
  for (std::int64_t firstKey = 0; firstKey < seen; firstKey += kTileKeys) {
    // Of the tile's keys, those that some row sees.
    const std::int64_t keys = smaller(kTileKeys, seen - firstKey);
    const KeyPanels panels = b.panelsOf(layout, firstKey / kTileKeys);
    scoreRows(layout, left, rows, panels.keys, keys, b.scores);
    for (std::int64_t r = 0; r < rows; r++) {
      softmaxRow(layout, b, r, smaller(keys, sequence.visible(firstQuery + r / layout.group) - firstKey), keys);
    }
    addTiled(layout, {b.scores, kTileKeys, 1, b.scoreTiles}, rows, keys, panels.values, 1.0f, b.sums);
  }
  for (std::int64_t r = 0; r < rows; r++) {
    float* const target = b.sums + r * layout.padded;
    const F factor = splat(1.0f / b.total[r]);
    for (std::int64_t c = 0; c < layout.padded; c += W) store(target + c, load(target + c) * factor);
    if (logSumExp == nullptr) continue;
    const std::int64_t position = sequence.queryStart + firstQuery + r / layout.group;
    logSumExp[position * attention.heads + sequence.head * layout.group + r % layout.group] =
        b.largest[r] + __builtin_logf(b.total[r]);
  }
  storeQueryRows(layout, sequence, b.sums, firstQuery, queries, a.out);
}

static void attentionInTiles(const AttentionForward& a) {
  const AttentionShape& attention = a.shape;
  const AttentionLayout layout(attention);
  const std::int64_t heads = attention.keyValueHeads;
  const auto queriesOf = [&](std::int64_t s) { return attention.querySegments[s + 1] - attention.querySegments[s]; };
  // A job packs the keys that its blocks see: as many blocks as leave jobs enough to even out the threads' speeds.
  const std::int64_t parts = ceilDivide(4 * threadCount(), larger(1, attention.sequences * heads));
  const auto queriesPerJob = [&](std::int64_t s) {
    return larger(1, ceilDivide(ceilDivide(queriesOf(s), layout.queriesPerBlock), parts)) * layout.queriesPerBlock;
  };
  const std::int64_t* first = countJobs(attention.sequences, [&](std::int64_t s) {
    return heads * ceilDivide(queriesOf(s), queriesPerJob(s));
  });
  const std::int64_t jobs = first[attention.sequences];
  parallel(jobs, [&](std::int64_t index) {
    const std::int64_t job = jobs - 1 - index;  // late queries see the most keys: they go first
    const std::int64_t s = sequenceOf(first, attention.sequences, job);
    const AttentionSequence sequence(attention, s, (job - first[s]) % heads);
    const std::int64_t start = (job - first[s]) / heads * queriesPerJob(s);
    const std::int64_t end = smaller(sequence.queries, start + queriesPerJob(s));
    const std::int64_t seen = sequence.visible(end - 1);
    ForwardBuffers b(layout, ceilDivide(seen, kTileKeys));
    const TileRegisters registers(layout.isTiled);
    for (std::int64_t firstKey = 0; firstKey < seen; firstKey += kTileKeys) {
      const std::int64_t keys = smaller(kTileKeys, seen - firstKey);
      const KeyPanels panels = b.panelsOf(layout, firstKey / kTileKeys);
      copyKeyRows<Fp32>(layout, sequence, a.k, firstKey, keys, b.keyRows);
      packKeys(layout, b.keyRows, keys, panels.keys);
      loadKeyRows<Fp32>(layout, sequence, a.v, firstKey, keys, b.keyRows, panels.values);
    }
    for (std::int64_t query = start; query < end; query += layout.queriesPerBlock) {
      attentionOfBlock(a, layout, sequence, query, b);
    }
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
