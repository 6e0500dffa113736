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

// q, k, v and out as Type keeps them.
template <class Type>
struct AttentionGradients {
  const typename Type::Code *q, *k, *v, *out;
  const float *logSumExp, *dOut;
  float *dq, *dk, *dv;
};

// What a job works in.
struct BackwardBuffers {
  float *queryRows, *gradientRows, *queryGradients, *scores, *scoreGradients;  // a block of queries
  float *sums, *offsets;                                                       // [rows] logSumExp and rowsum(dO O)
  float *keyRows, *valueRows, *keyPanels, *valuePanels, *keyGradients, *valueGradients;  // a tile of keys
  float *queryTiles, *gradientTiles, *leftTiles, *queryPanels, *gradientPanels, *keyRowPanels;  // for tile registers

  explicit BackwardBuffers(const AttentionLayout& layout) {
    const std::int64_t block = roundUp(layout.mostRows * layout.padded, 16);
    const std::int64_t scoresSize = roundUp(layout.mostRows * kTileKeys, 16);
    const std::int64_t rows = roundUp(layout.mostRows, 16);
    const std::int64_t tile = roundUp(kTileKeys * (layout.padded + NR), 16);
    const std::int64_t tiles = leftFloats(layout, layout.mostRows, layout.d);
    const std::int64_t leftSize =
        larger(leftFloats(layout, layout.mostRows, kTileKeys), leftFloats(layout, kTileKeys, layout.mostRows));
    const std::int64_t blockPanels = rightFloats(layout, layout.mostRows);
    const std::int64_t keyRowPanelsSize = rightFloats(layout, kTileKeys);
    Carver carver = {scratchFloats(Scratch::attention, 3 * block + 2 * scoresSize + 2 * rows + 6 * tile + 2 * tiles +
                                                           leftSize + 2 * blockPanels + keyRowPanelsSize)};
    queryRows = carver.take(block);
    gradientRows = carver.take(block);
    queryGradients = carver.take(block);
    scores = carver.take(scoresSize);
    scoreGradients = carver.take(scoresSize);
    sums = carver.take(rows);
    offsets = carver.take(rows);
    keyRows = carver.take(tile);
    valueRows = carver.take(tile);
    keyPanels = carver.take(tile);
    valuePanels = carver.take(tile);
    keyGradients = carver.take(tile);
    valueGradients = carver.take(tile);
    queryTiles = carver.take(tiles);
    gradientTiles = carver.take(tiles);
    leftTiles = carver.take(leftSize);
    queryPanels = carver.take(blockPanels);
    gradientPanels = carver.take(blockPanels);
    keyRowPanels = carver.take(keyRowPanelsSize);
  }

  LeftFactor queries(const AttentionLayout& layout) const { return {queryRows, layout.padded, 1, queryTiles}; }
  LeftFactor gradients(const AttentionLayout& layout) const { return {gradientRows, layout.padded, 1, gradientTiles}; }
};

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

template <class Type>
static void loadQueryBlock(const AttentionLayout& layout, const AttentionSequence& sequence, const QueryBlock& block,
                           const AttentionGradients<Type>& g, BackwardBuffers& b) {
  copyQueryRows<Type>(layout, sequence, g.q, block.first, block.queries, layout.shape.scale, b.queryRows);
  copyQueryRows<Fp32>(layout, sequence, g.dOut, block.first, block.queries, 1.0f, b.gradientRows);
  packQueries(layout, b.queries(layout), block.rows);
  packQueries(layout, b.gradients(layout), block.rows);
  packRight(layout, b.queryRows, block.rows, b.queryPanels);
  packRight(layout, b.gradientRows, block.rows, b.gradientPanels);
  for (std::int64_t r = 0; r < block.rows; r++) {
    const std::int64_t position = sequence.queryStart + block.first + r / layout.group;
    const std::int64_t head = sequence.head * layout.group + r % layout.group;
    b.sums[r] = g.logSumExp[position * layout.shape.heads + head];
    const auto* out = g.out + layout.queryRow(position, head);
    F dot = {};
    for (std::int64_t c = 0; c < layout.d; c += W) {
      dot = fma(widenUpTo<Type>(out + c, layout.d - c), load(b.gradientRows + r * layout.padded + c), dot);
    }
    b.offsets[r] = sumOf(dot);
  }
}

template <class Type>
static void loadKeyTile(const AttentionLayout& layout, const AttentionSequence& sequence, const KeyTile& tile,
                        const AttentionGradients<Type>& g, BackwardBuffers& b) {
  copyKeyRows<Type>(layout, sequence, g.k, tile.first, tile.keys, b.keyRows);
  copyKeyRows<Type>(layout, sequence, g.v, tile.first, tile.keys, b.valueRows);
  packKeys(layout, b.keyRows, tile.keys, b.keyPanels);
  packKeys(layout, b.valueRows, tile.keys, b.valuePanels);
  packRight(layout, b.keyRows, tile.keys, b.keyRowPanels);
}

// scores = P and scoreGradients = dS, [rows, kTileKeys], zero where a query does not see a key
static void scoreTile(const AttentionLayout& layout, const AttentionSequence& sequence, const QueryBlock& block,
                      const KeyTile& tile, BackwardBuffers& b) {
  scoreRows(layout, b.queries(layout), block.rows, b.keyPanels, tile.keys, b.scores);
  scoreRows(layout, b.gradients(layout), block.rows, b.valuePanels, tile.keys, b.scoreGradients);
  for (std::int64_t r = 0; r < block.rows; r++) {
    float* const p = b.scores + r * kTileKeys;
    float* const ds = b.scoreGradients + r * kTileKeys;
    const std::int64_t visible =
        larger(0, smaller(tile.keys, sequence.visible(block.first + r / layout.group) - tile.first));
    const F sum = splat(b.sums[r]);
    const F offset = splat(b.offsets[r]);
    for (std::int64_t j = 0; j < visible; j += W) {
      const std::int64_t n = smaller(W, visible - j);
      const F probability = exponential(loadUpTo(p + j, n) - sum);
      storeUpTo(p + j, probability, n);
      storeUpTo(ds + j, probability * (loadUpTo(ds + j, n) - offset), n);
    }
    for (std::int64_t j = visible; j < tile.keys; j++) p[j] = ds[j] = 0;
  }
}

static void addKeyGradients(const AttentionLayout& layout, const QueryBlock& block, const KeyTile& tile,
                            BackwardBuffers& b) {
  combineRows(layout, {b.scores, 1, kTileKeys, b.leftTiles}, tile.keys, block.rows, b.gradientRows, b.gradientPanels, 1.0f,
              b.valueGradients);
  combineRows(layout, {b.scoreGradients, 1, kTileKeys, b.leftTiles}, tile.keys, block.rows, b.queryRows, b.queryPanels, 1.0f,
              b.keyGradients);
}

static void clearKeyGradients(const AttentionLayout& layout, BackwardBuffers& b) {
  std::memset(b.keyGradients, 0, static_cast<std::size_t>(kTileKeys * layout.padded) * sizeof(float));
  std::memset(b.valueGradients, 0, static_cast<std::size_t>(kTileKeys * layout.padded) * sizeof(float));
}

template <class Type>
static void storeKeyGradients(const AttentionLayout& layout, const AttentionSequence& sequence, const KeyTile& tile,
                              const AttentionGradients<Type>& g, const BackwardBuffers& b) {
  for (std::int64_t j = 0; j < tile.keys; j++) {
    const std::int64_t to = layout.keyRow(sequence.keyStart + tile.first + j, sequence.head);
    const std::size_t bytes = static_cast<std::size_t>(layout.d) * sizeof(float);
    std::memcpy(g.dk + to, b.keyGradients + j * layout.padded, bytes);
    std::memcpy(g.dv + to, b.valueGradients + j * layout.padded, bytes);
  }
}

static void addQueryGradients(const AttentionLayout& layout, const QueryBlock& block, const KeyTile& tile,
                              BackwardBuffers& b) {
  combineRows(layout, {b.scoreGradients, kTileKeys, 1, b.leftTiles}, block.rows, tile.keys, b.keyRows, b.keyRowPanels,
              layout.shape.scale, b.queryGradients);
}

template <class Type>
static void attentionBackwardOf(const AttentionGradients<Type>& g, const Attention& attention) {
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
      BackwardBuffers b(layout);
      const TileRegisters registers(layout.isTiled);
      for (std::int64_t t = 0; t * kTileKeys < sequence.keys; t++) {
        const KeyTile tile(sequence, t);
        loadKeyTile(layout, sequence, tile, g, b);
        clearKeyGradients(layout, b);
        for (std::int64_t i = firstBlock(sequence, tile); i < blocksOf(sequence); i++) {
          const QueryBlock block(layout, sequence, i);
          loadQueryBlock(layout, sequence, block, g, b);
          scoreTile(layout, sequence, block, tile, b);
          addKeyGradients(layout, block, tile, b);
          if (t == 0) {
            std::memset(b.queryGradients, 0, static_cast<std::size_t>(block.rows * layout.padded) * sizeof(float));
          } else {
            copyQueryRows<Fp32>(layout, sequence, g.dq, block.first, block.queries, 1.0f, b.queryGradients);
          }
          addQueryGradients(layout, block, tile, b);
          storeQueryRows(layout, sequence, b.queryGradients, block.first, block.queries, g.dq);
        }
        storeKeyGradients(layout, sequence, tile, g, b);
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
    BackwardBuffers b(layout);
    const TileRegisters registers(layout.isTiled);
    if (index < tiles) {
      const KeyTile tile(sequence, index);
      loadKeyTile(layout, sequence, tile, g, b);
      clearKeyGradients(layout, b);
      for (std::int64_t i = firstBlock(sequence, tile); i < blocksOf(sequence); i++) {
        const QueryBlock block(layout, sequence, i);
        loadQueryBlock(layout, sequence, block, g, b);
        scoreTile(layout, sequence, block, tile, b);
        addKeyGradients(layout, block, tile, b);
      }
      storeKeyGradients(layout, sequence, tile, g, b);
      return;
    }
    const QueryBlock block(layout, sequence, index - tiles);
    loadQueryBlock(layout, sequence, block, g, b);
    std::memset(b.queryGradients, 0, static_cast<std::size_t>(block.rows * layout.padded) * sizeof(float));
    const std::int64_t seen = sequence.visible(block.first + block.queries - 1);
    for (std::int64_t t = 0; t * kTileKeys < seen; t++) {
      const KeyTile tile(sequence, t);
      loadKeyTile(layout, sequence, tile, g, b);
      scoreTile(layout, sequence, block, tile, b);
      addQueryGradients(layout, block, tile, b);
    }
    storeQueryRows(layout, sequence, b.queryGradients, block.first, block.queries, g.dq);
  });
}

static void attentionBackward(Format kept, const void* q, const void* k, const void* v, const void* out,
                              const float* logSumExp, const float* dOut, float* dq, float* dk, float* dv,
                              const Attention& attention) {
  withKept(kept, [&](auto type) {
    using Type = decltype(type);
    const auto codes = [](const void* values) { return static_cast<const typename Type::Code*>(values); };
    attentionBackwardOf<Type>({codes(q), codes(k), codes(v), codes(out), logSumExp, dOut, dq, dk, dv}, attention);
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
