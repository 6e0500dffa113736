// Products of rows of activations with one or several matrices: c [rows, columns] = a [rows, depth] * b [depth, columns].
//
// 1. Rows of a are packed once, in chunks that a third-level cache can hold, and shared by all threads and matrices.
// 2. b is widened and packed panel by panel. Small ones are packed once as a whole; of large ones each job packs its own
//    columns, one block of depth at a time, and uses them for every row of the chunk.
// 3. A job covers some panels of columns and some rows. For each block of depth, for each block of rows (which stays in the
//    second-level cache), for each panel of columns (first-level cache): tiles down the rows.
// 4. A low-rank update is one more, short block of depth: added while the tiles of c are still in the cache.
// Depth is cut into the same blocks whatever the number of threads, and blocks are added to c in order.
#pragma once

#include "../bf16_vectors.h"
#include "outliers.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kRowUnit = 96;  // rows of jobs and chunks are multiples, and so begin with a panel whatever the cut
constexpr std::int64_t kPackedRowBytes = std::int64_t{8} << 20;  // chunk of a
constexpr std::int64_t kSharedColumnBytes = std::int64_t{4} << 20;

// One matrix b, and where its product goes.
struct Factor {
  Weight weight;
  bool isTransposed;  // b = weight^T (columns of b are rows of the weight), else b = weight
  const float* bias;  // [columns] or nullptr
  float* c;           // [rows, columns]
  LowRank lowRank;    // right is [columns, rank] where isTransposed, else [rank, columns]

  std::int64_t columns() const { return isTransposed ? weight.rows : weight.columns; }
  std::int64_t depth() const { return isTransposed ? weight.columns : weight.rows; }
  // Scales of rows of an int8 weight belong to columns of b or to its depth.
  const float* columnScale() const { return isTransposed && weight.format == Format::int8 ? weight.scales : nullptr; }
  const float* depthScale() const { return !isTransposed && weight.format == Format::int8 ? weight.scales : nullptr; }
};

struct Product {
  std::int64_t rows, depth;
  // element (r, k) at a[r * aRow + k * aStep], one of the two distances 1
  const float* a;
  std::int64_t aRow, aStep;
  const Factor* factors;  // of one depth; more than one only where isTransposed
  std::int64_t count;
  float alpha;
  bool accumulate;
  bool isDithered = false;      // in 8 bits, so that rounding has no bias
  std::int64_t depthStart = 0;  // where in the depth of b a part begins, a multiple of kChunk; a begins there itself
};

// What row scales of the weight multiply a with, from where it begins: [depth] or nullptr
LATHE_INLINE const float* depthScaleOf(const Product& p) {
  const float* const scales = p.factors[0].depthScale();
  return scales == nullptr ? nullptr : scales + p.depthStart;
}

// Packs `columns` columns of b from `first` on, over depth [from, from + depth). For integers a tail follows: compensations
// and scales of the columns. Weights of other formats than int8 are rounded to 8 bits on the way, with a scale for each
// column of the panel.
using PackPanel = void (*)(const Factor& factor, std::int64_t first, std::int64_t columns, std::int64_t from,
                           std::int64_t depth, float* panel);

template <class Steps>
constexpr bool kIsCompensated = Steps::isInteger && Steps::depth == 4 && kInt8Offset != 0;

template <class Steps, class Type>
static void packPanelAs(const Factor& factor, std::int64_t first, std::int64_t columns, std::int64_t from,
                        std::int64_t depth, float* panel) {
  const Weight& weight = factor.weight;
  const float* factors = nullptr;
  if constexpr (Steps::isInteger) {
    const std::int64_t steps = stepsOf<Steps>(depth);
    float* const scales = panel + (steps + 1) * NR;
    alignas(64) float reciprocals[NR];
    if constexpr (kIsInt8<Type>) {
      const float* const columnScale = factor.columnScale();
      for (std::int64_t c = 0; c < columns; c++) scales[c] = columnScale == nullptr ? 1.0f : columnScale[first + c];
    } else {
      if (factor.isTransposed) largestOfRows<Type>(weight, first, columns, from, depth, scales);
      else largestOfColumns<Type>(weight, first, columns, from, depth, scales);
      for (int c = 0; c < NR; c++) {
        reciprocals[c] = scales[c] > kLeastMagnitude ? kInt8LargestWeight / scales[c] : 0.0f;
        scales[c] /= kInt8LargestWeight;
      }
      factors = reciprocals;
    }
    if (factor.isTransposed) packWeightRows<Steps, Type>(weight, first, columns, from, depth, factors, panel);
    else packWeightColumns<Steps, Type>(weight, first, columns, from, depth, factors, panel);
    if constexpr (kIsCompensated<Steps>) {
      compensate(panel, steps, reinterpret_cast<std::int32_t*>(panel + steps * NR));
    }
  } else {
    if (factor.isTransposed) packWeightRows<Steps, Type>(weight, first, columns, from, depth, factors, panel);
    else packWeightColumns<Steps, Type>(weight, first, columns, from, depth, factors, panel);
  }
  const std::int64_t written = ceilDivide(depth, Steps::depth);
  std::memset(panel + written * NR, 0, static_cast<std::size_t>(stepsOf<Steps>(depth) - written) * NR * sizeof(float));
}

// The packing function of a format, for the formats that the steps can multiply.
template <class Steps>
static PackPanel packPanelOf(Format format) {
  if constexpr (Steps::depth == 2 && !Steps::isInteger) {
    if (format == Format::int8) return packPanelAs<Steps, Int8>;
    if (format == Format::nf4) return packPanelAs<Steps, Nf4>;
    return packPanelAs<Steps, Bf16>;
  } else {
    return withFormat(format, [](auto type) -> PackPanel { return packPanelAs<Steps, decltype(type)>; });
  }
}

// What a product does with its steps of depth, one of Float32Steps, Bf16Steps and Int8Steps: as values, so that the code around
// them is compiled once.
struct StepKind {
  std::int64_t depth, panelRows, depthBlock, rowBlock, rowGroup, columnBlock, heldColumnBytes;
  bool isTiled, isInteger, isCompensated;
  std::int64_t (*stepsOf)(std::int64_t depth);
  PackPanel (*packPanelOf)(Format format);
  void (*packActivations)(const float* x, std::int64_t row, std::int64_t rows, std::int64_t depth,
                          const RowConversion* conversions, float* panel);
  void (*multiplyPanels)(std::int64_t rows, std::int64_t k, const float* a, std::int64_t aPanel, const float* b,
                         const float* next, TileOutput output);
};

template <class Steps>
constexpr StepKind stepKind = {Steps::depth,          Steps::panelRows,        Steps::depthBlock,      Steps::rowBlock,
                               Steps::rowGroup,       Steps::columnBlock,      Steps::heldColumnBytes, Steps::isTiled,
                               Steps::isInteger,      kIsCompensated<Steps>,   stepsOf<Steps>,         packPanelOf<Steps>,
                               packActivations<Steps>, multiplyPanels<Steps>};
constexpr std::int64_t kMostPanelRows = 16;

// How the columns of one factor are cut.
struct Columns {
  std::int64_t panels, jobs;
  float* shared;         // all panels, where they were packed as a whole
  std::int64_t firstJob;
  PackPanel pack;
  float* lowRankRows;  // panels of lowRank.left, of the chunk at hand
};

constexpr std::int64_t kMostFactors = 8;

// Packs lowRank.left of each factor, of the chunk of rows that begins at chunkStart.
static void packLowRankRows(const Product& p, std::int64_t chunkStart, std::int64_t chunkRows, Columns* columns) {
  const std::int64_t panels = ceilDivide(chunkRows, MR);
  std::int64_t floats = 0;
  for (std::int64_t f = 0; f < p.count; f++) floats += panels * MR * p.factors[f].lowRank.rank;
  if (floats == 0) return;
  float* next = scratchFloats(Scratch::lowRank, floats);
  for (std::int64_t f = 0; f < p.count; f++) {
    columns[f].lowRankRows = next;
    next += panels * MR * p.factors[f].lowRank.rank;
  }
  constexpr std::int64_t panelsAtOnce = 16;
  parallel(ceilDivide(panels, panelsAtOnce), [&](std::int64_t job) {
    const RowConversion plain = {nullptr, nullptr, 1.0f, false, 0};
    for (std::int64_t panel = job * panelsAtOnce; panel < smaller(panels, (job + 1) * panelsAtOnce); panel++) {
      for (std::int64_t f = 0; f < p.count; f++) {
        const LowRank& lowRank = p.factors[f].lowRank;
        if (lowRank.rank == 0) continue;
        packActivations<Float32Steps>(lowRank.left + (chunkStart + panel * MR) * lowRank.rank, lowRank.rank,
                                      smaller(MR, chunkRows - panel * MR), lowRank.rank, &plain,
                                      columns[f].lowRankRows + panel * MR * lowRank.rank);
      }
    }
  });
}

static void multiplyWith(const StepKind& kind, const Product& p, const Outliers* outliers) {
  const std::int64_t steps = kind.stepsOf(p.depth);
  const std::int64_t block = ceilDivide(ceilDivide(steps, ceilDivide(steps, kind.depthBlock)), kChunk) * kChunk;
  const std::int64_t blocks = ceilDivide(steps, block);
  const std::int64_t tail = kind.isInteger ? kIntegerTail : 0;  // behind each block of a panel
  const std::int64_t panelStride = (steps + blocks * tail) * NR;
  const std::int64_t threads = threadCount();
  std::int64_t allPanels = 0;
  for (std::int64_t f = 0; f < p.count; f++) allPanels += ceilDivide(p.factors[f].columns(), NR);
  // Four jobs for each thread even out their speeds.
  const std::int64_t panelsPerJob = larger(1, smaller(kind.columnBlock / NR, ceilDivide(allPanels, 4 * threads)));
  const float* const depthScale = depthScaleOf(p);

  Columns columns[kMostFactors];
  std::int64_t columnJobs = 0;
  for (std::int64_t f = 0; f < p.count; f++) {
    columns[f].panels = ceilDivide(p.factors[f].columns(), NR);
    columns[f].jobs = ceilDivide(columns[f].panels, panelsPerJob);
    columns[f].firstJob = columnJobs;
    columns[f].pack = kind.packPanelOf(p.factors[f].weight.format);
    columnJobs += columns[f].jobs;
  }
  // A single panel reads each row once: packing the rows would cost more than it saves.
  const bool packsRows = !(kind.depth == 1 && depthScale == nullptr && allPanels == 1);
  const bool sharesColumns = allPanels * panelStride * 4 <= kSharedColumnBytes;
  // Where a job has its columns over the whole depth, it finishes some rows of c before it goes on to the next.
  const bool holdsDepth = sharesColumns || panelsPerJob * panelStride * 4 <= kind.heldColumnBytes;
  const std::int64_t jobStride = holdsDepth ? panelStride : (block + tail) * NR;
  if (sharesColumns) {
    float* next = scratchFloats(Scratch::packedColumns, allPanels * panelStride);
    for (std::int64_t f = 0; f < p.count; f++) {
      columns[f].shared = next;
      next += columns[f].panels * panelStride;
    }
    parallel(allPanels * blocks, [&](std::int64_t job) {
      std::int64_t panel = job / blocks;
      std::int64_t f = 0;
      for (; panel >= columns[f].panels; f++) panel -= columns[f].panels;
      const std::int64_t from = job % blocks * block;
      columns[f].pack(p.factors[f], panel * NR, smaller(NR, p.factors[f].columns() - panel * NR),
                      p.depthStart + from * kind.depth, smaller(block * kind.depth, p.depth - from * kind.depth),
                      columns[f].shared + panel * panelStride + (from + job % blocks * tail) * NR);
    });
  }

  const std::int64_t rowsPacked = larger(kRowUnit, kPackedRowBytes / (steps * 4) / kRowUnit * kRowUnit);
  const std::int64_t chunk = packsRows ? rowsPacked : p.rows;
  for (std::int64_t chunkStart = 0; chunkStart < p.rows; chunkStart += chunk) {
    const std::int64_t chunkRows = smaller(chunk, p.rows - chunkStart);
    const std::int64_t rowPanels = ceilDivide(chunkRows, kind.panelRows);
    const float* a = p.a + chunkStart * p.aRow;
    float* const packed = packsRows ? scratchFloats(Scratch::packedRows, rowPanels * kind.panelRows * steps) : nullptr;
    float* const rowScales = kind.isInteger ? scratchFloats(Scratch::rowScales, rowPanels * kind.panelRows) : nullptr;
    if (packsRows) {
      const std::int64_t panelsAtOnce = 24 / kind.panelRows;
      parallel(ceilDivide(rowPanels, panelsAtOnce), [&](std::int64_t job) {
        for (std::int64_t panel = job * panelsAtOnce; panel < smaller(rowPanels, (job + 1) * panelsAtOnce); panel++) {
          const std::int64_t first = panel * kind.panelRows;
          const std::int64_t rows = smaller(kind.panelRows, chunkRows - first);
          const float* from = a + first * p.aRow;
          float* to = packed + first * steps;
          if (p.aStep != 1) {
            packTransposedRows(from, p.aStep, rows, p.depth, to);
            continue;
          }
          RowConversion conversions[kMostPanelRows];
          for (std::int64_t r = 0; r < rows; r++) {
            conversions[r] = {depthScale, nullptr, 1.0f, p.isDithered, 0};
            if (kind.isInteger) {
              const float largest = largestInRow(from + r * p.aRow, chunkStart + first + r, p.depth, depthScale, *outliers);
              conversions[r].factor = largest > kLeastMagnitude ? kInt8Largest / largest : 0.0f;
              conversions[r].keeps = outliers->count > 0 ? outliers->keeps : nullptr;
              rowScales[first + r] = largest / kInt8Largest;
              conversions[r].ditherStart = static_cast<std::uint32_t>(chunkStart + first + r) * kDitherOfRows +
                                           static_cast<std::uint32_t>(p.depthStart) * kGoldenRatio;
            }
          }
          kind.packActivations(from, p.aRow, rows, p.depth, conversions, to);
        }
      });
    }
    packLowRankRows(p, chunkStart, chunkRows, columns);

    // More jobs than threads even out their speeds; but columns that a job packs itself must serve enough rows.
    const std::int64_t wanted = ceilDivide(threads * 4, columnJobs);
    const std::int64_t rowJobs = larger(1, smaller(wanted, chunkRows / (sharesColumns ? kRowUnit / 2 : 4 * kRowUnit)));
    const std::int64_t rowUnit = kind.isTiled ? kRowUnit : MR;
    const std::int64_t rowsPerJob = ceilDivide(ceilDivide(chunkRows, rowJobs), rowUnit) * rowUnit;
    parallel(columnJobs * rowJobs, [&](std::int64_t job) {
      std::int64_t f = 0;
      while (f + 1 < p.count && job / rowJobs >= columns[f + 1].firstJob) f++;
      const Factor& factor = p.factors[f];
      const std::int64_t width = factor.columns();
      const std::int64_t firstPanel = (job / rowJobs - columns[f].firstJob) * panelsPerJob;
      const std::int64_t lastPanel = smaller(columns[f].panels, firstPanel + panelsPerJob);
      const std::int64_t firstRow = job % rowJobs * rowsPerJob;
      const std::int64_t lastRow = smaller(chunkRows, firstRow + rowsPerJob);
      if (firstRow >= lastRow) return;
      const TileRegisters registers(kind.isTiled);
      // What is added to c later would have to fetch it back.
      const bool streams = kStreamsResults && kind.isTiled && p.rows * width * 4 >= kStreamedBytes && width % 16 == 0 &&
                           reinterpret_cast<std::uintptr_t>(factor.c) % 64 == 0 && factor.lowRank.rank == 0;
      const float* const columnScale = factor.columnScale();
      const bool packsColumns = !sharesColumns;
      float* const own =
          packsColumns || factor.lowRank.rank > 0
              ? scratchFloats(Scratch::columnBlock, larger(packsColumns ? panelsPerJob * jobStride : 0, factor.lowRank.rank * NR))
              : nullptr;
      const float* const panels = sharesColumns ? columns[f].shared + firstPanel * panelStride : own;
      const auto blockOf = [&](std::int64_t panel, std::int64_t k) {
        return (panel - firstPanel) * jobStride + (holdsDepth ? (k + k / block * tail) * NR : 0);
      };
      const auto packBlock = [&](std::int64_t k) {
        for (std::int64_t panel = firstPanel; panel < lastPanel; panel++) {
          columns[f].pack(factor, panel * NR, smaller(NR, width - panel * NR), p.depthStart + k * kind.depth,
                          smaller(block * kind.depth, p.depth - k * kind.depth), own + blockOf(panel, k));
        }
      };
      const auto multiplyBlock = [&](std::int64_t k, std::int64_t first, std::int64_t end) {
        const std::int64_t depth = smaller(block, steps - k);
        for (std::int64_t row = first; row < end; row += kind.rowBlock) {
          const std::int64_t rows = smaller(kind.rowBlock, end - row);
          for (std::int64_t panel = firstPanel; panel < lastPanel; panel++) {
            const std::int64_t column = panel * NR;
            const float* const b = panels + blockOf(panel, k);
            TileOutput output = {factor.c + (chunkStart + row) * width + column,
                                 width,
                                 smaller(NR, width - column),
                                 columnScale == nullptr ? nullptr : columnScale + column,
                                 factor.bias == nullptr || k > 0 ? nullptr : factor.bias + column,
                                 p.alpha,
                                 p.accumulate || k > 0,
                                 streams && k + block >= steps};
            if (kind.isInteger) {
              output.rowScale = rowScales + row;
              output.columnScale = b + (depth + 1) * NR;
              if (kind.isCompensated) output.compensation = reinterpret_cast<const std::int32_t*>(b + depth * NR);
            }
            if (packsRows) {
              const float* const next = panels + blockOf(panel + 1 < lastPanel ? panel + 1 : firstPanel, k);
              kind.multiplyPanels(rows, depth, packed + row * steps + k * kind.panelRows, kind.panelRows * steps, b, next, output);
            } else {
              tileColumn<Float32Steps>(rows, depth, a + row * p.aRow + k * p.aStep, p.aRow, p.aStep, b, NR, output);
            }
          }
        }
      };
      if (holdsDepth) {
        for (std::int64_t k = 0; packsColumns && k < steps; k += block) packBlock(k);
        for (std::int64_t row = firstRow; row < lastRow; row += kind.rowGroup) {
          for (std::int64_t k = 0; k < steps; k += block) multiplyBlock(k, row, smaller(lastRow, row + kind.rowGroup));
        }
      } else {
        for (std::int64_t k = 0; k < steps; k += block) {
          packBlock(k);
          multiplyBlock(k, firstRow, lastRow);
        }
      }
      if (streams) finishStreams();
      const LowRank& lowRank = factor.lowRank;
      if (lowRank.rank == 0) return;
      Factor right = factor;
      right.weight = {Format::fp32, lowRank.right, nullptr, factor.isTransposed ? width : lowRank.rank,
                      factor.isTransposed ? lowRank.rank : width, nullptr, nullptr, nullptr, 0};
      for (std::int64_t panel = firstPanel; panel < lastPanel; panel++) {
        const std::int64_t column = panel * NR;
        packPanelAs<Float32Steps, Fp32>(right, column, smaller(NR, width - column), 0, lowRank.rank, own);
        TileOutput output = {factor.c + (chunkStart + firstRow) * width + column, width, smaller(NR, width - column), nullptr,
                             nullptr, lowRank.scale, true};
        multiplyPanels<Float32Steps>(lastRow - firstRow, lowRank.rank, columns[f].lowRankRows + firstRow * lowRank.rank,
                                     MR * lowRank.rank, own, own, output);
      }
    });
  }
}

// Products without depth: what is added to them is all there is.
static void multiplyNothing(const Product& p) {
  for (std::int64_t f = 0; f < p.count; f++) {
    const Factor& factor = p.factors[f];
    const std::int64_t width = factor.columns();
    for (std::int64_t i = 0; i < p.rows * width; i++) {
      factor.c[i] = (p.accumulate ? factor.c[i] : 0.0f) + (factor.bias == nullptr ? 0.0f : factor.bias[i % width]);
    }
  }
}

constexpr std::int64_t kOutlierColumnsPerJob = 256;

// Columns [first, end) of b[outliers, :] to weights [outliers.count, width], exact.
template <class Type>
static void copyOutlierWeights(const Product& p, const Factor& factor, const Outliers& outliers, std::int64_t first,
                               std::int64_t end, float* weights) {
  const std::int64_t width = factor.columns();
  const float* const columnScale = factor.columnScale();
  for (std::int64_t i = 0; i < outliers.count; i++) {
    const std::int64_t k = p.depthStart + outliers.columns[i];
    float* const to = weights + i * width;
    if (!factor.isTransposed) {
      const WeightRow<Type> row(factor.weight, k);
      for (std::int64_t c = first; c < end; c += W) storeUpTo(to + c, row.at(c, smaller(W, end - c)), end - c);
      continue;
    }
    const std::int64_t aligned = k / W * W;
    for (std::int64_t c = first; c < end; c++) {
      const F around = WeightRow<Type>(factor.weight, c).at(aligned, smaller(W, factor.depth() - aligned));
      to[c] = around[k - aligned] * (columnScale == nullptr ? 1.0f : columnScale[c]);
    }
  }
}

// c += alpha * a[:, outliers] * b[outliers, :], in float32, of columns that 8 bits left out
static void addOutliers(const Product& p, const Outliers& outliers) {
  float* const rows = scratchFloats(Scratch::outlierRows, p.rows * outliers.count);
  const float* const depthScale = depthScaleOf(p);
  constexpr std::int64_t rowsPerJob = 64;
  parallel(ceilDivide(p.rows, rowsPerJob), [&](std::int64_t job) {
    for (std::int64_t r = job * rowsPerJob; r < smaller(p.rows, (job + 1) * rowsPerJob); r++) {
      for (std::int64_t i = 0; i < outliers.count; i++) {
        const std::int64_t k = outliers.columns[i];
        rows[r * outliers.count + i] = p.a[r * p.aRow + k] * (depthScale == nullptr ? 1.0f : depthScale[k]);
      }
    }
  });
  for (std::int64_t f = 0; f < p.count; f++) {
    const Factor& factor = p.factors[f];
    const std::int64_t width = factor.columns();
    // b[outliers, :] as [count, width]
    float* const weights = scratchFloats(Scratch::outlierWeights, outliers.count * width);
    parallel(ceilDivide(width, kOutlierColumnsPerJob), [&](std::int64_t job) {
      const std::int64_t first = job * kOutlierColumnsPerJob;
      const std::int64_t end = smaller(width, first + kOutlierColumnsPerJob);
      withFormat(factor.weight.format, [&](auto type) { copyOutlierWeights<decltype(type)>(p, factor, outliers, first, end, weights); });
    });
    Factor dense = {};
    dense.weight = {Format::fp32, weights, nullptr, outliers.count, width, nullptr, nullptr, nullptr, 0};
    dense.c = factor.c;
    multiplyWith(stepKind<Float32Steps>, {p.rows, outliers.count, rows, outliers.count, 1, &dense, 1, p.alpha, true}, nullptr);
  }
}

// Which steps multiply a format at a precision.
LATHE_INLINE Precision precisionFor(Format format, Precision wanted) {
  const bool goesIntoBf16 = format == Format::int8 || format == Format::bf16 || format == Format::nf4;
#if defined(LATHE_TILE_REGISTERS)
  // Tile registers gain less by 8 bits than rounding the weights to them costs.
  if (wanted == Precision::int8 && goesIntoBf16 && format != Format::int8) return Precision::bf16;
#endif
  if (wanted == Precision::int8) return Precision::int8;
  if (wanted == Precision::fp32 || !kMultipliesBf16) return Precision::fp32;
#if defined(LATHE_AVX512BF16) && !defined(LATHE_TILE_REGISTERS)
  if (hasSlowBf16Vectors()) return Precision::fp32;
#endif
  return goesIntoBf16 ? Precision::bf16 : Precision::fp32;
}

// A part of a product's depth whose rows fit the cache.
static void multiplyPart(const Product& p, Precision precision, float outlierRatio) {
  if (precision == Precision::int8) {
    const Outliers outliers = findOutliers(p.a, p.aRow, p.rows, p.depth, depthScaleOf(p), outlierRatio);
    multiplyWith(stepKind<Int8Steps>, p, &outliers);
    if (outliers.count > 0) addOutliers(p, outliers);
    return;
  }
  if constexpr (kMultipliesBf16) {
    if (precision == Precision::bf16) return multiplyWith(stepKind<Bf16Steps>, p, nullptr);
  }
  multiplyWith(stepKind<Float32Steps>, p, nullptr);
}

LATHE_INLINE std::int64_t depthOfStep(Precision precision) {
  if (precision == Precision::int8) return Int8Steps::depth;
  return kMultipliesBf16 && precision == Precision::bf16 ? Bf16Steps::depth : Float32Steps::depth;
}

// All factors at one precision.
//
// Where rows do not fit the cache over the whole depth, the depth is cut first, into parts of which all rows fit: rather than
// have the weights packed anew for each chunk of rows, as many times as the gradient of an output head has such chunks. In
// 8 bits each part has its own scales and outliers.
static void multiply(const Product& p, Precision precision, float outlierRatio) {
  if (p.rows == 0 || p.count == 0) return;
  if (p.depth == 0) return multiplyNothing(p);
  const std::int64_t perStep = depthOfStep(precision);
  const std::int64_t fits = kPackedRowBytes / 4 / (ceilDivide(p.rows, kRowUnit) * kRowUnit) * perStep;
  const std::int64_t whole = VectorCut::depthBlock * perStep;
  const std::int64_t part = larger(1, fits / whole) * whole;
  if (fits >= p.depth || p.aStep != 1) return multiplyPart(p, precision, outlierRatio);
  Factor factors[kMostFactors];
  for (std::int64_t from = 0; from < p.depth; from += part) {
    for (std::int64_t f = 0; f < p.count; f++) {
      factors[f] = p.factors[f];
      if (from > 0) factors[f].bias = nullptr;
      if (from + part < p.depth) factors[f].lowRank.rank = 0;
    }
    Product q = p;
    q.depth = smaller(part, p.depth - from);
    q.depthStart = from;
    q.a = p.a + from;
    q.factors = factors;
    q.accumulate = p.accumulate || from > 0;
    multiplyPart(q, precision, outlierRatio);
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
