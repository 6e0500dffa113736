// Gradients of causal attention, tile by tile; probabilities are computed again from the forward's log-sum-exp.
//
// P = exp(scale q k^T - logSumExp), dP = dO v^T, dS = P (dP - rowsum(dO O)),
// dv = P^T dO, dk = scale dS^T q, dq = scale dS k.
// A job is one sequence and key/value head: each tile gives all three gradients. Where such jobs are fewer than threads,
// tiles are computed twice, by jobs that own keys (dk, dv) and by jobs that own queries (dq): the same sums, in the same
// order, so the choice changes no bit.
#pragma once

#include "attention.h"

namespace lathe {
namespace LATHE_LEVEL {

// q, k and v as Type keeps them.
template <class Type>
struct AttentionGradients {
  const typename Type::Code *q, *k, *v;
  KeptRows out;
  const float *logSumExp, *dOut;
  float *dq, *dk, *dv;
};

// What a job works in, for a block of queries.
struct BackwardBuffers {
  float *queryRows, *gradientRows, *queryGradients, *scores, *scoreGradients, *keyRows;
  float *sums, *offsets;  // [rows] logSumExp and rowsum(dO O)
  // For tile registers: rows of queries and of gradients as left factors, and the same transposed; P and dS as right factors,
  // dS as a left one.
  float *queryTiles, *gradientTiles, *queryColumns, *gradientColumns, *scorePanels, *scoreGradientPanels, *scoreGradientTiles;
  float* tiles;  // of keys

  // @param count of tiles of keys
  BackwardBuffers(const AttentionLayout& layout, std::int64_t count);

  LeftFactor queries(const AttentionLayout& layout) const { return {queryRows, layout.padded, 1, queryTiles}; }
  LeftFactor gradients(const AttentionLayout& layout) const { return {gradientRows, layout.padded, 1, gradientTiles}; }
};

// A tile of keys as products take it, and the gradients of its keys and values: [kTileKeys, padded] or, for tile registers,
// transposed [d, kTileKeys].
struct KeyBuffers {
  float *keyPanels, *valuePanels, *keyRows, *keyGradients, *valueGradients;

  static std::int64_t gradientFloats(const AttentionLayout& layout) { return kTileKeys * roundUp(layout.padded, 16); }
  static std::int64_t floats(const AttentionLayout& layout) {
    return 2 * KeyPanels::keyFloats(layout) + KeyPanels::rowFloats(layout) + 2 * gradientFloats(layout);
  }
  KeyBuffers(const AttentionLayout& layout, const BackwardBuffers& b, std::int64_t tile) {
    const std::int64_t keyFloats = KeyPanels::keyFloats(layout);
    Carver carver = {b.tiles + tile * floats(layout)};
    keyPanels = carver.take(keyFloats);
    valuePanels = carver.take(keyFloats);
    keyRows = carver.take(KeyPanels::rowFloats(layout));
    keyGradients = carver.take(gradientFloats(layout));
    valueGradients = carver.take(gradientFloats(layout));
  }
};

// Floats of P or dS as a right factor: rows in pairs.
LATHE_INLINE std::int64_t scorePanelFloats(const AttentionLayout& layout) {
  return layout.isTiled ? roundUp(layout.mostRows, 32) / 2 * kTileKeys : 0;
}

inline BackwardBuffers::BackwardBuffers(const AttentionLayout& layout, std::int64_t count) {
  const std::int64_t block = roundUp(layout.mostRows * layout.padded, 16);
  const std::int64_t scoresSize = roundUp(layout.mostRows * kTileKeys, 16);
  const std::int64_t rows = roundUp(layout.mostRows, 16);
  const std::int64_t keys = roundUp(kTileKeys * layout.padded, 16);
  const std::int64_t rowTiles = leftFloats(layout, layout.mostRows, layout.d);
  const std::int64_t columnTiles = leftFloats(layout, layout.d, layout.mostRows);
  const std::int64_t panels = scorePanelFloats(layout);
  const std::int64_t scoreTiles = leftFloats(layout, layout.mostRows, kTileKeys);
  Carver carver = {scratchFloats(Scratch::attention, 3 * block + 2 * scoresSize + 2 * rows + keys + 2 * rowTiles + 2 * columnTiles +
                                                         2 * panels + scoreTiles + count * KeyBuffers::floats(layout))};
  queryRows = carver.take(block);
  gradientRows = carver.take(block);
  queryGradients = carver.take(block);
  scores = carver.take(scoresSize);
  scoreGradients = carver.take(scoresSize);
  keyRows = carver.take(keys);
  sums = carver.take(rows);
  offsets = carver.take(rows);
  queryTiles = carver.take(rowTiles);
  gradientTiles = carver.take(rowTiles);
  queryColumns = carver.take(columnTiles);
  gradientColumns = carver.take(columnTiles);
  scorePanels = carver.take(panels);
  scoreGradientPanels = carver.take(panels);
  scoreGradientTiles = carver.take(scoreTiles);
  tiles = carver.take(count * KeyBuffers::floats(layout));
}

struct QueryBlock {
  std::int64_t first, queries, rows;
  QueryBlock(const AttentionLayout& layout, const AttentionSequence& sequence, std::int64_t index) {
    first = index * layout.queriesPerBlock;
    queries = smaller(layout.queriesPerBlock, sequence.queries - first);
    rows = queries * layout.group;
  }
};

struct KeyTile {
  std::int64_t first, keys;
  KeyTile(const AttentionSequence& sequence, std::int64_t index) {
    first = index * kTileKeys;
    keys = smaller(kTileKeys, sequence.keys - first);
  }
};

// Row `row` of [N * H, d] times a gradient [d]
static float dotOfKept(const KeptRows& rows, std::int64_t row, std::int64_t d, const float* gradient) {
  F dot = {};
  const auto add = [&](auto type) {
    using Type = decltype(type);
    const auto* const codes = static_cast<const typename Type::Code*>(rows.data) + row * d;
    for (std::int64_t c = 0; c < d; c += W) dot = fma(widenUpTo<Type>(codes + c, d - c), load(gradient + c), dot);
  };
  if (rows.format == Format::int8) add(Int8{});
  else withKept(rows.format, add);
  return rows.scales == nullptr ? sumOf(dot) : sumOf(dot) * rows.scales[row];
}

template <class Type>
static void loadQueryBlock(const AttentionLayout& layout, const AttentionSequence& sequence, const QueryBlock& block,
                           const AttentionGradients<Type>& g, BackwardBuffers& b) {
  copyQueryRows<Type>(layout, sequence, g.q, block.first, block.queries, layout.shape.scale, b.queryRows);
  copyQueryRows<Fp32>(layout, sequence, g.dOut, block.first, block.queries, 1.0f, b.gradientRows);
  packQueries(layout, b.queries(layout), block.rows);
  packQueries(layout, b.gradients(layout), block.rows);
#if defined(LATHE_TILE_REGISTERS)
  if (layout.isTiled) {
    packLeft({b.queryRows, 1, layout.padded, b.queryColumns}, layout.d, block.rows);
    packLeft({b.gradientRows, 1, layout.padded, b.gradientColumns}, layout.d, block.rows);
  }
#endif
  for (std::int64_t r = 0; r < block.rows; r++) {
    const std::int64_t position = sequence.queryStart + block.first + r / layout.group;
    const std::int64_t head = sequence.head * layout.group + r % layout.group;
    b.sums[r] = g.logSumExp[position * layout.shape.heads + head];
    b.offsets[r] = dotOfKept(g.out, position * layout.shape.heads + head, layout.d, b.gradientRows + r * layout.padded);
  }
  std::memset(b.queryGradients, 0, static_cast<std::size_t>(block.rows * layout.padded) * sizeof(float));
}

template <class Type>
static void loadKeyTile(const AttentionLayout& layout, const AttentionSequence& sequence, const KeyTile& tile,
                        const AttentionGradients<Type>& g, const BackwardBuffers& b, const KeyBuffers& keys) {
  copyKeyRows<Type>(layout, sequence, g.v, tile.first, tile.keys, b.keyRows);
  packKeys(layout, b.keyRows, tile.keys, keys.valuePanels);
  copyKeyRows<Type>(layout, sequence, g.k, tile.first, tile.keys, b.keyRows);
  packKeys(layout, b.keyRows, tile.keys, keys.keyPanels);
  loadKeyRows<Type>(layout, sequence, g.k, tile.first, tile.keys, b.keyRows, keys.keyRows);
  const std::size_t bytes = static_cast<std::size_t>(KeyBuffers::gradientFloats(layout)) * sizeof(float);
  std::memset(keys.keyGradients, 0, bytes);
  std::memset(keys.valueGradients, 0, bytes);
}

LATHE_INLINE std::int64_t visibleKeys(const AttentionLayout& layout, const AttentionSequence& sequence, const QueryBlock& block,
                                      const KeyTile& tile, std::int64_t row) {
  return larger(0, smaller(tile.keys, sequence.visible(block.first + row / layout.group) - tile.first));
}

struct ScorePair {
  F p, ds;
};

// P and dS of W keys of a row from j on, zero from `visible` on. @param sum, offset of the row
LATHE_INLINE ScorePair scorePairAt(const BackwardBuffers& b, std::int64_t row, std::int64_t j, std::int64_t visible) {
  if (j >= visible) return {F{}, F{}};
  const std::int64_t at = row * kTileKeys + j;
  const std::int64_t n = smaller(W, visible - j);
  const F e = exponential(loadFilled(b.scores + at, n, -__builtin_inff()) - splat(b.sums[row]));
  const F gradient = loadUpTo(b.scoreGradients + at, n) - splat(b.offsets[row]);
  // Lanes without a key have e = 0, unless the sum is infinite or not a number.
  if (n == W) return {e, e * gradient};
  float lanes[W];
  store(lanes, e);
  const F p = loadPart(lanes, n);
  store(lanes, e * gradient);
  return {p, loadPart(lanes, n)};
}

// scores = P and scoreGradients = dS, [rows, kTileKeys], zero where a query does not see a key
static void scoreTile(const AttentionLayout& layout, const AttentionSequence& sequence, const QueryBlock& block,
                      const KeyTile& tile, BackwardBuffers& b, const KeyBuffers& keys) {
  scoreRows(layout, b.queries(layout), block.rows, keys.keyPanels, tile.keys, b.scores);
  scoreRows(layout, b.gradients(layout), block.rows, keys.valuePanels, tile.keys, b.scoreGradients);
#if defined(LATHE_TILE_REGISTERS)
  if (layout.isTiled) {
    const std::int64_t columns = roundUp(tile.keys, 32);
    const std::int64_t steps = columns / 2;
    for (std::int64_t r = 0; r < roundUp(block.rows, 32); r += 2) {
      for (std::int64_t j = 0; j < columns; j += W) {
        const auto at = [&](std::int64_t row) __attribute__((always_inline)) -> ScorePair {
          if (row >= block.rows) return {F{}, F{}};
          return scorePairAt(b, row, j, visibleKeys(layout, sequence, block, tile, row));
        };
        const ScorePair first = at(r), second = at(r + 1);
        store(b.scorePanels + r / 2 * kTileKeys + j, pairOfBf16<true>(first.p, second.p));
        store(b.scoreGradientPanels + r / 2 * kTileKeys + j, pairOfBf16<true>(first.ds, second.ds));
        if (r >= roundUp(block.rows, kRegisterRows)) continue;
        storeBf16(placeInTiles(b.scoreGradientTiles, steps, r, j), first.ds);
        storeBf16(placeInTiles(b.scoreGradientTiles, steps, r + 1, j), second.ds);
      }
    }
    return;
  }
#endif
  for (std::int64_t r = 0; r < block.rows; r++) {
    const std::int64_t visible = visibleKeys(layout, sequence, block, tile, r);
    for (std::int64_t j = 0; j < tile.keys; j += W) {
      const std::int64_t n = smaller(W, tile.keys - j);
      const ScorePair pair = scorePairAt(b, r, j, visible);
      storeUpTo(b.scores + r * kTileKeys + j, pair.p, n);
      storeUpTo(b.scoreGradients + r * kTileKeys + j, pair.ds, n);
    }
  }
}

// dv += P^T dO and dk += dS^T q
static void addKeyGradients(const AttentionLayout& layout, const QueryBlock& block, const KeyTile& tile, const BackwardBuffers& b,
                            const KeyBuffers& keys) {
#if defined(LATHE_TILE_REGISTERS)
  if (layout.isTiled) {
    // Transposed: rows of P are paired where they lie, where its columns would have to be gathered.
    const std::int64_t steps = stepsOf<Bf16Steps>(block.rows);
    const auto add = [&](const float* columns, const float* panels, float* gradients) {
      multiplyPanels<Bf16Steps>(layout.d, steps, columns, kRegisterRows * steps, panels, panels,
                                {gradients, kTileKeys, tile.keys, nullptr, nullptr, 1.0f, true});
    };
    add(b.gradientColumns, b.scorePanels, keys.valueGradients);
    add(b.queryColumns, b.scoreGradientPanels, keys.keyGradients);
    return;
  }
#endif
  addTiled(layout, {b.scores, 1, kTileKeys, nullptr}, tile.keys, block.rows, b.gradientRows, 1.0f, keys.valueGradients);
  addTiled(layout, {b.scoreGradients, 1, kTileKeys, nullptr}, tile.keys, block.rows, b.queryRows, 1.0f, keys.keyGradients);
}

// One head's gradients of a tile of keys to an array [M, G, d].
static void storeKeyRows(const AttentionLayout& layout, const AttentionSequence& sequence, const KeyTile& tile,
                         const float* gradients, float* to) {
#if defined(LATHE_TILE_REGISTERS)
  if (layout.isTiled) {
    alignas(64) float panel[kTileKeys * kRegisterRows];
    for (std::int64_t c = 0; c < layout.d; c += kRegisterRows) {
      const float* rows[kRegisterRows];
      for (std::int64_t i = 0; i < kRegisterRows; i++) rows[i] = gradients + smaller(c + i, layout.d - 1) * kTileKeys;
      interleave<kRegisterRows>(rows, tile.keys, panel);
      for (std::int64_t j = 0; j < tile.keys; j++) {
        float* const target = to + layout.keyRow(sequence.keyStart + tile.first + j, sequence.head) + c;
        storeUpTo(target, load(panel + j * kRegisterRows), layout.d - c);
      }
    }
    return;
  }
#endif
  for (std::int64_t j = 0; j < tile.keys; j++) {
    std::memcpy(to + layout.keyRow(sequence.keyStart + tile.first + j, sequence.head), gradients + j * layout.padded,
                static_cast<std::size_t>(layout.d) * sizeof(float));
  }
}

template <class Type>
static void storeKeyGradients(const AttentionLayout& layout, const AttentionSequence& sequence, const KeyTile& tile,
                              const AttentionGradients<Type>& g, const KeyBuffers& keys) {
  storeKeyRows(layout, sequence, tile, keys.keyGradients, g.dk);
  storeKeyRows(layout, sequence, tile, keys.valueGradients, g.dv);
}

// dq += scale dS k
static void addQueryGradients(const AttentionLayout& layout, const QueryBlock& block, const KeyTile& tile, const BackwardBuffers& b,
                              const KeyBuffers& keys) {
  addTiled(layout, {b.scoreGradients, kTileKeys, 1, b.scoreGradientTiles}, block.rows, tile.keys, keys.keyRows, layout.shape.scale,
           b.queryGradients);
}

template <class Type>
static void attentionBackwardOf(const AttentionGradients<Type>& g, const AttentionShape& attention) {
  const AttentionLayout layout(attention);
  const std::int64_t heads = attention.keyValueHeads;
  const auto blocksOf = [&](const AttentionSequence& sequence) {
    return ceilDivide(sequence.queries, layout.queriesPerBlock);
  };
  // The first block whose last query sees a tile.
  const auto firstBlock = [&](const AttentionSequence& sequence, const KeyTile& tile) {
    return larger(0, tile.first - (sequence.keys - sequence.queries)) / layout.queriesPerBlock;
  };

  if (attention.sequences * heads >= threadCount()) {
    parallel(attention.sequences * heads, [&](std::int64_t job) {
      const AttentionSequence sequence(attention, job / heads, job % heads);
      const std::int64_t tiles = ceilDivide(sequence.keys, kTileKeys);
      BackwardBuffers b(layout, tiles);
      const TileRegisters registers(layout.isTiled);
      for (std::int64_t t = 0; t < tiles; t++) {
        loadKeyTile(layout, sequence, KeyTile(sequence, t), g, b, KeyBuffers(layout, b, t));
      }
      for (std::int64_t i = 0; i < blocksOf(sequence); i++) {
        const QueryBlock block(layout, sequence, i);
        loadQueryBlock(layout, sequence, block, g, b);
        const std::int64_t seen = sequence.visible(block.first + block.queries - 1);
        for (std::int64_t t = 0; t * kTileKeys < seen; t++) {
          const KeyTile tile(sequence, t);
          const KeyBuffers keys(layout, b, t);
          scoreTile(layout, sequence, block, tile, b, keys);
          addKeyGradients(layout, block, tile, b, keys);
          addQueryGradients(layout, block, tile, b, keys);
        }
        storeQueryRows(layout, sequence, b.queryGradients, block.first, block.queries, g.dq);
      }
      for (std::int64_t t = 0; t < tiles; t++) {
        storeKeyGradients(layout, sequence, KeyTile(sequence, t), g, KeyBuffers(layout, b, t));
      }
    });
    return;
  }

  const std::int64_t* first = countJobs(attention.sequences, [&](std::int64_t s) {
    const AttentionSequence sequence(attention, s, 0);
    return heads * (ceilDivide(sequence.keys, kTileKeys) + blocksOf(sequence));
  });
  parallel(first[attention.sequences], [&](std::int64_t job) {
    const std::int64_t s = sequenceOf(first, attention.sequences, job);
    const AttentionSequence sequence(attention, s, (job - first[s]) % heads);
    const std::int64_t index = (job - first[s]) / heads;
    const std::int64_t tiles = ceilDivide(sequence.keys, kTileKeys);
    BackwardBuffers b(layout, 1);
    const KeyBuffers keys(layout, b, 0);
    const TileRegisters registers(layout.isTiled);
    if (index < tiles) {
      const KeyTile tile(sequence, index);
      loadKeyTile(layout, sequence, tile, g, b, keys);
      for (std::int64_t i = firstBlock(sequence, tile); i < blocksOf(sequence); i++) {
        const QueryBlock block(layout, sequence, i);
        loadQueryBlock(layout, sequence, block, g, b);
        scoreTile(layout, sequence, block, tile, b, keys);
        addKeyGradients(layout, block, tile, b, keys);
      }
      storeKeyGradients(layout, sequence, tile, g, keys);
      return;
    }
    const QueryBlock block(layout, sequence, index - tiles);
    loadQueryBlock(layout, sequence, block, g, b);
    const std::int64_t seen = sequence.visible(block.first + block.queries - 1);
    for (std::int64_t t = 0; t * kTileKeys < seen; t++) {
      const KeyTile tile(sequence, t);
      loadKeyTile(layout, sequence, tile, g, b, keys);
      scoreTile(layout, sequence, block, tile, b, keys);
      addQueryGradients(layout, block, tile, b, keys);
    }
    storeQueryRows(layout, sequence, b.queryGradients, block.first, block.queries, g.dq);
  });
}

static void attentionBackward(const AttentionBackward& a) {
  withKept(a.kept, [&](auto type) {
    using Type = decltype(type);
    const auto codes = [](const void* values) { return static_cast<const typename Type::Code*>(values); };
    attentionBackwardOf<Type>({codes(a.q), codes(a.k), codes(a.v), a.out, a.logSumExp, a.dOut, a.dq, a.dk, a.dv}, a.shape);
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
