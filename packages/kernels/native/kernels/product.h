// Products of rows of activations with one or several matrices: c [rows, columns] = a [rows, depth] * b [depth, columns].
//
// 1. Rows of a are packed once, in chunks that a third-level cache can hold, and shared by all threads and matrices.
// 2. b is widened and packed panel by panel. Small ones are packed once as a whole; of large ones each job packs its own
//    columns, one block of depth at a time or all of it, and uses them for every row of the chunk.
// 3. A job covers some panels of columns and some rows. For each block of depth, for each block of rows (which stays in the
//    second-level cache), for each panel of columns (first-level cache): tiles down the rows.
// 4. Low-rank terms are one more, short block of depth: added while the tiles of c are still in the cache.
// 5. c goes to memory, or some finished rows of it at a time to a sink, which makes something smaller of them.
// Depth is cut into the same blocks whatever the number of threads, and blocks are added to c in order.
#pragma once

#include "../activity.h"
#include "../bf16_vectors.h"
#include "lanes.h"
#include "outliers.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kRowUnit = 96;  // rows of jobs and chunks are multiples, and so begin with a panel whatever the cut
constexpr std::int64_t kSharedColumnBytes = std::int64_t{4} << 20;
constexpr std::int64_t kMostFactors = 8;

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

// Finished sums of a product with each of its factors: rows [row, row + rows), columns [column, column + columns).
struct Part {
  std::int64_t row, rows, column, columns;
  const float* sums[kMostFactors];  // of each factor, rows `stride` apart; past the columns, up to whole vectors, anything
  std::int64_t stride;
};

// Asks the memory for a row. The rows that a sink reads or writes lie so far apart that the hardware does not foresee them, so
// that each has to be asked for while the row before it is worked on.
LATHE_INLINE void fetchRow(const void* row, std::int64_t bytes) {
  for (std::int64_t byte = 0; byte < bytes; byte += 64) __builtin_prefetch(static_cast<const char*>(row) + byte, 1);
}

// What takes a product's parts in place of a matrix in memory. Called by many threads at a time, once for each element.
struct Sink {
  void (*take)(const void* context, const Part& part);
  const void* context;
  Activity activity;  // what taking is
  std::int64_t unit;  // parts begin at multiples of so many columns; all but the last of a row end there too
};
constexpr std::int64_t kLeastSinkUnit = 64;
template <class Take>
LATHE_INLINE Sink sinkOf(const Take& take, Activity activity, std::int64_t unit = kLeastSinkUnit) {
  return {[](const void* context, const Part& part) { (*static_cast<const Take*>(context))(part); }, &take, activity, unit};
}

struct Product {
  std::int64_t rows, depth;
  Activations a;
  const Factor* factors;  // of one depth; more than one only where isTransposed
  std::int64_t count;
  float alpha;
  bool accumulate;
  bool isDithered = false;      // in 8 bits, so that rounding has no bias
  std::int64_t depthStart = 0;  // where in the depth of b a part begins, a multiple of kChunk; a begins there itself
  const Sink* sink = nullptr;   // in place of the c of all factors, which then have as many columns each
  std::int64_t block = 0;       // steps of a block of depth, a multiple of kChunk; 0 where the whole depth is here, which says it
};

// Scales of the rows of an int8 weight, where these rows are the depth of the product: a is multiplied by them instead of the
// weight. [depth], from depthStart on, or nullptr.
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
      auto* const tail = reinterpret_cast<std::int32_t*>(panel + steps * NR);
      compensate(panel, steps, tail);
      if constexpr (kAddsPairs) findPairs(panel, steps, reinterpret_cast<std::uint8_t*>(tail + 2 * NR));
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
    if (format == Format::fp8) return packPanelAs<Steps, Fp8>;
    return packPanelAs<Steps, Bf16>;
  } else {
    return withFormat(format, [](auto type) -> PackPanel { return packPanelAs<Steps, decltype(type)>; });
  }
}

// What a product does with its steps of depth, one of Float32Steps, Bf16Steps and Int8Steps: as values, so that the code around
// them is compiled once.
struct StepKind {
  std::int64_t depth, panelRows, depthBlock, rowBlock, rowGroup, sinkRows, columnBlock, heldColumnBytes;
  bool isTiled, isInteger, isCompensated;
  std::int64_t (*stepsOf)(std::int64_t depth);
  PackPanel (*packPanelOf)(Format format);
  void (*packActivations)(const Activations& a, std::int64_t rows, std::int64_t depth, const RowConversion* conversions,
                          float* panel);
  void (*multiplyPanels)(std::int64_t rows, std::int64_t k, const float* a, std::int64_t aPanel, const float* b,
                         const float* next, TileOutput output, Upcoming* upcoming);
  bool (*areSteps)(const Weight& weight);
  ReadLines (*readLinesOf)(Format format);
  void (*packLanes)(const Activations& a, std::int64_t rows, std::int64_t from, std::int64_t depth, const RowConversion* conversions,
                    float* strip);
  void (*multiplyLanes)(std::int64_t k, const WeightLines& lines, std::int64_t rows, const float* strip, std::int64_t vectors,
                        const LinesAhead& ahead, const LaneOutput& output);
};

template <class Steps>
constexpr StepKind stepKind = {Steps::depth,       Steps::panelRows,       Steps::depthBlock,      Steps::rowBlock,
                               Steps::rowGroup,    Steps::sinkRows,        Steps::columnBlock,     Steps::heldColumnBytes,
                               Steps::isTiled,     Steps::isInteger,       kIsCompensated<Steps>,  stepsOf<Steps>,
                               packPanelOf<Steps>, packActivations<Steps>, multiplyPanels<Steps>,
                               areSteps<Steps>,    readLinesOf<Steps>,     packLanes<Steps>,
                               multiplyLanes<Steps>};
constexpr std::int64_t kMostPanelRows = 16;

// Rows of activations that are multiplied as lanes by a weight whose rows have to be converted: for more, it is packed once.
constexpr std::int64_t kMostLanesConverted = 256;
// Packing the columns costs as much as multiplying so many rows more.
constexpr std::int64_t kLanesSaved = 10;
constexpr std::int64_t kLanesSavedConverted = 6;
constexpr std::int64_t kStripsTogether = 4;  // whose activations the second-level cache holds
static_assert(3 * W % MR == 0, "a job may begin with any third strip");

// Columns of a that 8 bits leave out, and the rows of each b that belong to them.
struct OutlierTerms {
  std::int64_t count;
  const float* rows;                   // [rows of a, count]
  const float* weights[kMostFactors];  // of each factor [count, columns]
};

// scale * left * right, added to a product in float32.
struct Term {
  const float* left;  // [rows, rank]
  const float* right;  // [columns, rank] where isTransposed, else [rank, columns]
  std::int64_t rank;
  bool isTransposed;
  float scale;
  float* leftPanels;  // of the chunk of rows at hand
};
constexpr int kMostTerms = 2;

// How the columns of one factor are cut, and what is added to them.
struct Columns {
  std::int64_t panels, jobs;
  float* shared;  // all panels, where they were packed as a whole
  std::int64_t firstJob;
  PackPanel pack;
  ReadLines readLines;
  Term terms[kMostTerms];
  int termCount;
};

// The columns of one factor that a job computes, and where.
struct Share {
  const Factor* factor;
  const Columns* columns;
  float* own;           // panels that the job packs itself
  const float* panels;  // own or shared ones, from the job's first on
  float* terms;         // panels of the right sides of all terms, panel after panel
  float* c;             // at the chunk's first row, or where there is a sink at the group's; at the job's first column
  std::int64_t stride;  // of c
  bool streams;
};

// Steps of a block of depth: blocks of about one length, none longer than `most`.
LATHE_INLINE std::int64_t blockOf(std::int64_t steps, std::int64_t most) {
  return ceilDivide(ceilDivide(steps, ceilDivide(steps, most)), kChunk) * kChunk;
}

class Multiplication {
 public:
  // @param outliers for integers
  Multiplication(const StepKind& kind, const Product& p, const Outliers* outliers = nullptr, const OutlierTerms& terms = {})
      : kind_(kind), p_(p), outliers_(outliers), depthScale_(depthScaleOf(p)) {
    steps_ = kind.stepsOf(p.depth);
    block_ = p.block > 0 ? p.block : blockOf(steps_, kind.depthBlock);
    blocks_ = ceilDivide(steps_, block_);
    tail_ = kind.isInteger ? kIntegerTail : 0;
    panelStride_ = (steps_ + blocks_ * tail_) * NR;
    for (std::int64_t f = 0; f < p.count; f++) allPanels_ += ceilDivide(p.factors[f].columns(), NR);
    together_ = p.sink == nullptr ? 1 : p.count;
    cutColumns(terms);
    // With a single panel of columns each row is read once, and packing the rows would cost more than it saves.
    packsRows_ = !(kind.depth == 1 && depthScale_ == nullptr && allPanels_ == 1 && p.a.format == Format::fp32);
    usesLanes_ = kHasLanes && packsRows_ && p.factors[0].isTransposed && p.a.step == 1 && savesByLanes();
    stripRows_ = ceilDivide(ceilDivide(p.rows, ceilDivide(p.rows, NR)), W) * W;
    mostRows_ = packsRows_ ? larger(kRowUnit, ProductCut::packedRowBytes / (steps_ * 4) / kRowUnit * kRowUnit) : p.rows;
    // Columns that one job alone uses are packed by it, just before.
    sharesColumns_ = !usesLanes_ && allPanels_ * panelStride_ * 4 <= kSharedColumnBytes &&
                     (p.rows > mostRows_ || rowJobsOf(p.rows, kRowUnit / 2) > 1);
    holdsDepth_ = p.sink != nullptr || sharesColumns_ || panelsPerJob_ * panelStride_ * 4 <= kind.heldColumnBytes;
    jobStride_ = holdsDepth_ ? panelStride_ : (block_ + tail_) * NR;
  }

  void run() {
    if (sharesColumns_) packSharedColumns();
    for (chunkStart_ = 0; chunkStart_ < p_.rows; chunkStart_ += mostRows_) {
      chunkRows_ = smaller(mostRows_, p_.rows - chunkStart_);
      if (packsRows_) packRows();
      packTermRows();
      const std::int64_t rowJobs = rowJobsOf(chunkRows_, sharesColumns_ ? kRowUnit / 2 : 4 * kRowUnit);
      // Jobs begin with a strip, and with a panel of what is added.
      const std::int64_t laneUnit = stripRows_ % MR == 0 ? stripRows_ : 3 * stripRows_;
      const std::int64_t rowUnit = kind_.isTiled ? kRowUnit : usesLanes_ ? laneUnit : MR;
      const std::int64_t rowsPerJob = ceilDivide(ceilDivide(chunkRows_, rowJobs), rowUnit) * rowUnit;
      parallel(columnJobs_ * rowJobs, [&](std::int64_t job) {
        const std::int64_t first = job % rowJobs * rowsPerJob;
        const std::int64_t end = smaller(chunkRows_, first + rowsPerJob);
        if (first < end) runJob(job / rowJobs, (job + threadCount()) / rowJobs, first, end);
      });
    }
  }

 private:
  // Whether packing no columns is worth the lanes that stay empty.
  bool savesByLanes() const {
    const std::int64_t empty = ceilDivide(p_.rows, W) * W - p_.rows;
    for (std::int64_t f = 0; f < p_.count; f++) {
      if (kind_.areSteps(p_.factors[f].weight) ? empty > kLanesSaved : empty > kLanesSavedConverted || p_.rows > kMostLanesConverted) {
        return false;
      }
    }
    return true;
  }

  // Into how many jobs rows are cut. With more jobs than threads, a fast thread takes over jobs from a slow one. But a job that packs
  // its columns itself must use them for enough rows to be worth the packing.
  std::int64_t rowJobsOf(std::int64_t rows, std::int64_t least) const {
    return larger(1, smaller(ceilDivide(threadCount() * 4, columnJobs_), rows / least));
  }

  void cutColumns(const OutlierTerms& outlierTerms) {
    // With four jobs for each thread, a fast thread can take over jobs from a slow one.
    panelsPerJob_ = larger(1, smaller(kind_.columnBlock / NR, ceilDivide(allPanels_, 4 * threadCount())));
    if (p_.sink != nullptr) {
      // A sink wants finished sums, so that a job keeps its packed columns over the whole depth at once.
      const std::int64_t held = larger(kind_.heldColumnBytes, kLeastHeldBytes) / (panelStride_ * 4);
      const std::int64_t unit = p_.sink->unit / NR;
      panelsPerJob_ = larger(1, smaller(panelsPerJob_, held) / together_ / unit) * unit;
    }
    for (std::int64_t f = 0; f < p_.count; f++) {
      const Factor& factor = p_.factors[f];
      Columns& columns = columns_[f];
      columns.panels = ceilDivide(factor.columns(), NR);
      columns.jobs = ceilDivide(columns.panels, panelsPerJob_);
      // The number of jobs is a multiple of the threads, so that none is left with one job more than the others.
      if (p_.sink == nullptr) {
        columns.jobs = smaller(columns.panels, ceilDivide(columns.jobs, threadCount()) * threadCount());
      }
      columns.firstJob = columnJobs_;
      columns.pack = kind_.packPanelOf(factor.weight.format);
      columns.readLines = kind_.readLinesOf(factor.weight.format);
      if (f % together_ == 0) columnJobs_ += columns.jobs;
      columns.termCount = 0;
      if (outlierTerms.count > 0) {
        columns.terms[columns.termCount++] = {outlierTerms.rows, outlierTerms.weights[f], outlierTerms.count, false, p_.alpha,
                                              nullptr};
      }
      const LowRank& lowRank = factor.lowRank;
      if (lowRank.rank > 0) {
        columns.terms[columns.termCount++] = {lowRank.left, lowRank.right, lowRank.rank, factor.isTransposed, lowRank.scale,
                                              nullptr};
      }
    }
  }

  void packPanel(const Factor& factor, const Columns& columns, std::int64_t panel, std::int64_t k, float* to) const {
    const Doing packing(Activity::weights);
    columns.pack(factor, panel * NR, smaller(NR, factor.columns() - panel * NR), p_.depthStart + k * kind_.depth,
                 smaller(block_ * kind_.depth, p_.depth - k * kind_.depth), to);
  }

  void packSharedColumns() {
    float* next = scratchFloats(Scratch::packedColumns, allPanels_ * panelStride_);
    for (std::int64_t f = 0; f < p_.count; f++) {
      columns_[f].shared = next;
      next += columns_[f].panels * panelStride_;
    }
    parallel(allPanels_ * blocks_, [&](std::int64_t job) {
      std::int64_t panel = job / blocks_;
      std::int64_t f = 0;
      for (; panel >= columns_[f].panels; f++) panel -= columns_[f].panels;
      const std::int64_t k = job % blocks_ * block_;
      packPanel(p_.factors[f], columns_[f], panel, k, columns_[f].shared + panel * panelStride_ + (k + job % blocks_ * tail_) * NR);
    });
  }

  // Packs those rows of a that belong to the present chunk.
  void packRows() {
    const Doing packing(Activity::rows);
    const std::int64_t panelRows = usesLanes_ ? stripRows_ : kind_.panelRows, panels = ceilDivide(chunkRows_, panelRows);
    packed_ = scratchFloats(Scratch::packedRows, panels * panelRows * steps_);
    rowScales_ = kind_.isInteger ? scratchFloats(Scratch::rowScales, panels * panelRows) : nullptr;
    if (usesLanes_) return packStrips(panels);
    const std::int64_t panelsAtOnce = smaller(24 / kind_.panelRows, ceilDivide(panels, 4 * threadCount()));
    parallel(ceilDivide(panels, panelsAtOnce), [&](std::int64_t job) {
      for (std::int64_t panel = job * panelsAtOnce; panel < smaller(panels, (job + 1) * panelsAtOnce); panel++) {
        packRowPanel(panel * kind_.panelRows);
      }
    });
  }

  // A strip is packed by several threads, each a part of the depth.
  void packStrips(std::int64_t strips) {
    const std::size_t bytes = static_cast<std::size_t>(chunkRows_) * sizeof(RowConversion);
    auto* const conversions = static_cast<RowConversion*>(scratch(Scratch::laneRows, bytes));
    constexpr std::int64_t rowsPerJob = 8;
    parallel(kind_.isInteger ? ceilDivide(chunkRows_, rowsPerJob) : 1, [&](std::int64_t job) {
      const std::int64_t first = kind_.isInteger ? job * rowsPerJob : 0;
      const std::int64_t end = kind_.isInteger ? smaller(chunkRows_, first + rowsPerJob) : chunkRows_;
      for (std::int64_t row = first; row < end; row++) conversions[row] = conversionOf(row);
    });
    constexpr std::int64_t stepsPerJob = 2 * kChunk;
    const std::int64_t parts = ceilDivide(steps_, stepsPerJob), part = stepsPerJob * kind_.depth;
    parallel(strips * parts, [&](std::int64_t job) {
      const std::int64_t first = job / parts * stripRows_, from = job % parts * part;
      kind_.packLanes(p_.a.from(chunkStart_ + first, 0), smaller(stripRows_, chunkRows_ - first), from, smaller(p_.depth, from + part),
                      conversions + first, packed_ + first * steps_);
    });
  }

  // What a row of the chunk is converted by, which for integers takes its largest element.
  RowConversion conversionOf(std::int64_t rowInChunk) const {
    if (!kind_.isInteger) return {depthScale_, nullptr, 1.0f, p_.isDithered, 0};
    const std::int64_t row = chunkStart_ + rowInChunk;
    const float largest = largestInRow(p_.a, row, p_.depth, depthScale_, *outliers_);
    rowScales_[rowInChunk] = largest / kInt8Largest;
    return {depthScale_, outliers_->count > 0 ? outliers_->keeps : nullptr, largest > kLeastMagnitude ? kInt8Largest / largest : 0.0f,
            p_.isDithered,
            static_cast<std::uint32_t>(row) * kDitherOfRows + static_cast<std::uint32_t>(p_.depthStart) * kGoldenRatio};
  }

  // @param first of the panel's rows in the chunk
  void packRowPanel(std::int64_t first) {
    const std::int64_t rows = smaller(kind_.panelRows, chunkRows_ - first);
    const Activations from = p_.a.from(chunkStart_ + first, 0);
    float* const to = packed_ + first * steps_;
    if (p_.a.step != 1) return packTransposedRows(static_cast<const float*>(from.values), from.step, rows, p_.depth, to);
    RowConversion conversions[kMostPanelRows];
    for (std::int64_t r = 0; r < rows; r++) conversions[r] = conversionOf(first + r);
    kind_.packActivations(from, rows, p_.depth, conversions, to);
  }

  // Packs the left sides of all terms for the present chunk of rows. Outliers have one left side for all factors.
  void packTermRows() {
    const Doing updating(Activity::lowRank);
    const std::int64_t panels = ceilDivide(chunkRows_, MR);
    Term* packs[kMostFactors * kMostTerms];
    std::int64_t count = 0, floats = 0;
    const auto packOf = [&](const Term& term) -> Term* {
      for (std::int64_t i = 0; i < count; i++) {
        if (packs[i]->left == term.left) return packs[i];
      }
      return nullptr;
    };
    forTerms([&](Term& term) {
      if (packOf(term) != nullptr) return;
      packs[count++] = &term;
      floats += panels * MR * term.rank;
    });
    if (floats == 0) return;
    float* next = scratchFloats(Scratch::lowRank, floats);
    for (std::int64_t i = 0; i < count; i++) {
      packs[i]->leftPanels = next;
      next += panels * MR * packs[i]->rank;
    }
    forTerms([&](Term& term) { term.leftPanels = packOf(term)->leftPanels; });
    constexpr std::int64_t panelsAtOnce = 16;
    parallel(ceilDivide(panels, panelsAtOnce), [&](std::int64_t job) {
      for (std::int64_t first = job * panelsAtOnce * MR; first < smaller(chunkRows_, (job + 1) * panelsAtOnce * MR); first += MR) {
        for (std::int64_t i = 0; i < count; i++) {
          const Term& term = *packs[i];
          const RowConversion plain = {nullptr, nullptr, 1.0f, false, 0};
          packActivations<Float32Steps>(rowsOf(term.left + (chunkStart_ + first) * term.rank, term.rank),
                                        smaller(MR, chunkRows_ - first), term.rank, &plain, term.leftPanels + first * term.rank);
        }
      }
    });
  }

  template <class Each>
  void forTerms(Each&& each) {
    for (std::int64_t f = 0; f < p_.count; f++) {
      for (int t = 0; t < columns_[f].termCount; t++) each(columns_[f].terms[t]);
    }
  }

  // Where a job's panels begin, among those of its factor.
  std::int64_t firstPanelOf(const Columns& columns, std::int64_t job) const {
    if (p_.sink != nullptr) return smaller(columns.panels, job * panelsPerJob_);
    // Jobs with a panel more come first, so that the short ones are left for threads that finish early.
    return columns.panels / columns.jobs * job + smaller(job, columns.panels % columns.jobs);
  }

  // Panels of one factor, or where a sink takes those of all factors together of each of them.
  struct Panels {
    std::int64_t factor, first, count;
  };
  Panels panelsOf(std::int64_t columnJob) const {
    std::int64_t factor = 0;
    while (together_ == 1 && factor + 1 < p_.count && columnJob >= columns_[factor + 1].firstJob) factor++;
    const std::int64_t job = columnJob - columns_[factor].firstJob;
    const std::int64_t first = firstPanelOf(columns_[factor], job);
    return {factor, first, firstPanelOf(columns_[factor], job + 1) - first};
  }

  // What packing a block of depth of panels reads, where that is rows of the weight.
  Upcoming blockAhead(const Panels& panels, std::int64_t k) const {
    const Factor& factor = p_.factors[panels.factor];
    if (factor.isTransposed) return {};
    return withFormat(factor.weight.format, [&](auto type) -> Upcoming {
      using Type = decltype(type);
      const std::int64_t first = panels.first * NR, end = smaller(factor.columns(), first + panels.count * NR);
      const auto* const codes = reinterpret_cast<const char*>(WeightRow<Type>(factor.weight, p_.depthStart + k * kind_.depth).codes);
      return {codes + bytesOfCodes<Type>(first), bytesOfCodes<Type>(end - first), smaller(block_ * kind_.depth, p_.depth - k * kind_.depth),
              bytesOfCodes<Type>(factor.weight.columns)};
    });
  }

  // Rows [first, end) of the chunk, of the columns of one job.
  // @param nextJob whose columns this thread is likely to compute afterwards
  void runJob(std::int64_t columnJob, std::int64_t nextJob, std::int64_t first, std::int64_t end) const {
    const auto [factor, firstPanel, panels] = panelsOf(columnJob);
    const bool readsMore = !sharesColumns_ && !usesLanes_ && nextJob < columnJobs_ && nextJob != columnJob;
    Upcoming ofNextJob = readsMore ? blockAhead(panelsOf(nextJob), 0) : Upcoming();
    const TileRegisters registers(kind_.isTiled);
    Share shares[kMostFactors];
    takeShares(factor, firstPanel, panels, shares);
    if (usesLanes_) {
      const std::int64_t origin = p_.sink == nullptr ? 0 : first;
      for (std::int64_t i = 0; i < together_; i++) {
        for (std::int64_t row = first; row < end; row += kStripsTogether * stripRows_) {
          const std::int64_t rowsEnd = smaller(end, row + kStripsTogether * stripRows_);
          for (std::int64_t panel = 0; panel < panels; panel++) multiplyAsLanes(shares[i], firstPanel, panel, row, rowsEnd, origin);
        }
        addTerms(shares[i], firstPanel, panels, first, end, origin);
      }
      for (std::int64_t row = first; row < end && p_.sink != nullptr; row += kind_.sinkRows) {
        giveToSink(shares, firstPanel, panels, row, smaller(end, row + kind_.sinkRows));
        for (std::int64_t i = 0; i < together_; i++) shares[i].c += kind_.sinkRows * shares[i].stride;
      }
    } else if (!holdsDepth_) {
      for (std::int64_t k = 0; k < steps_; k += block_) {
        packBlock(shares[0], firstPanel, panels, k);
        Upcoming ofNextBlock = k + block_ < steps_ ? blockAhead({factor, firstPanel, panels}, k + block_) : ofNextJob;
        multiplyBlock(shares[0], firstPanel, panels, k, first, end, 0, &ofNextBlock);
      }
      addTerms(shares[0], firstPanel, panels, first, end, 0);
    } else {
      for (std::int64_t i = 0; i < together_ && !sharesColumns_; i++) {
        for (std::int64_t k = 0; k < steps_; k += block_) packBlock(shares[i], firstPanel, panels, k);
      }
      const std::int64_t group = p_.sink == nullptr ? kind_.rowGroup : kind_.sinkRows;
      for (std::int64_t row = first; row < end; row += group) {
        const std::int64_t groupEnd = smaller(end, row + group);
        const std::int64_t origin = p_.sink == nullptr ? 0 : row;
        for (std::int64_t i = 0; i < together_; i++) {
          for (std::int64_t k = 0; k < steps_; k += block_) {
            multiplyBlock(shares[i], firstPanel, panels, k, row, groupEnd, origin, groupEnd == end ? &ofNextJob : nullptr);
          }
          addTerms(shares[i], firstPanel, panels, row, groupEnd, origin);
        }
        if (p_.sink != nullptr) giveToSink(shares, firstPanel, panels, row, groupEnd);
      }
    }
    if (shares[0].streams) finishStreams();
  }

  void takeShares(std::int64_t factor, std::int64_t firstPanel, std::int64_t panels, Share* shares) const {
    const std::int64_t packedFloats = sharesColumns_ || usesLanes_ ? 0 : panelsPerJob_ * jobStride_;
    const std::int64_t tileRows = usesLanes_ ? chunkRows_ : kind_.sinkRows;
    const std::int64_t tileFloats = p_.sink == nullptr ? 0 : tileRows * panelsPerJob_ * NR;
    float* own = packedFloats == 0 ? nullptr : scratchFloats(Scratch::columnBlock, packedFloats * together_);
    float* tiles = tileFloats == 0 ? nullptr : scratchFloats(Scratch::sinkTiles, tileFloats * together_);
    std::int64_t ranks = 0;
    for (std::int64_t i = 0; i < together_; i++) {
      for (int t = 0; t < columns_[factor + i].termCount; t++) ranks += columns_[factor + i].terms[t].rank;
    }
    float* terms = ranks == 0 ? nullptr : scratchFloats(Scratch::termColumns, panels * ranks * NR);
    for (std::int64_t i = 0; i < together_; i++) {
      const Factor& f = p_.factors[factor + i];
      const Columns& columns = columns_[factor + i];
      const std::int64_t width = f.columns();
      Share& share = shares[i];
      share.factor = &f;
      share.columns = &columns;
      share.own = own;
      share.panels = sharesColumns_ ? columns.shared + firstPanel * panelStride_ : own;
      share.terms = terms;
      share.c = p_.sink == nullptr ? f.c + chunkStart_ * width + firstPanel * NR : tiles;
      share.stride = p_.sink == nullptr ? width : panelsPerJob_ * NR;
      // With terms that are added to c afterwards, c would have to be fetched back from memory: it is not written past the caches.
      share.streams = kStreamsResults && kind_.isTiled && p_.sink == nullptr && p_.rows * width * 4 >= kStreamedBytes &&
                      width % 16 == 0 && reinterpret_cast<std::uintptr_t>(f.c) % 64 == 0 && columns.termCount == 0;
      for (std::int64_t panel = firstPanel; panel < firstPanel + panels; panel++) {
        for (int t = 0; t < columns.termCount; t++) {
          const Term& term = columns.terms[t];
          Factor right = {};
          right.isTransposed = term.isTransposed;
          right.weight = {Format::fp32, term.right, nullptr, term.isTransposed ? width : term.rank,
                          term.isTransposed ? term.rank : width, nullptr, nullptr, nullptr, 0};
          packPanelAs<Float32Steps, Fp32>(right, panel * NR, smaller(NR, width - panel * NR), 0, term.rank, terms);
          terms += term.rank * NR;
        }
      }
      own += packedFloats;
      tiles += tileFloats;
    }
  }

  // Where in a job's panels a block of depth of one of them begins.
  std::int64_t blockAt(std::int64_t panel, std::int64_t k) const {
    return panel * jobStride_ + (holdsDepth_ ? (k + k / block_ * tail_) * NR : 0);
  }

  void packBlock(const Share& share, std::int64_t firstPanel, std::int64_t panels, std::int64_t k) const {
    for (std::int64_t panel = 0; panel < panels; panel++) {
      packPanel(*share.factor, *share.columns, firstPanel + panel, k, share.own + blockAt(panel, k));
    }
  }

  // @param origin the row of the chunk that c begins with
  // @param upcoming what to ask the memory for with the last rows, or nullptr
  void multiplyBlock(const Share& share, std::int64_t firstPanel, std::int64_t panels, std::int64_t k, std::int64_t first,
                     std::int64_t end, std::int64_t origin, Upcoming* upcoming) const {
    const Factor& factor = *share.factor;
    const float* const columnScale = factor.columnScale();
    const std::int64_t depth = smaller(block_, steps_ - k);
    for (std::int64_t row = first; row < end; row += kind_.rowBlock) {
      const std::int64_t rows = smaller(kind_.rowBlock, end - row);
      Upcoming* const ahead = row + rows == end ? upcoming : nullptr;
      for (std::int64_t panel = 0; panel < panels; panel++) {
        const std::int64_t column = (firstPanel + panel) * NR;
        const float* const b = share.panels + blockAt(panel, k);
        TileOutput output = {share.c + (row - origin) * share.stride + panel * NR,
                             share.stride,
                             smaller(NR, factor.columns() - column),
                             columnScale == nullptr ? nullptr : columnScale + column,
                             factor.bias == nullptr || k > 0 ? nullptr : factor.bias + column,
                             p_.alpha,
                             p_.accumulate || k > 0,
                             share.streams && k + block_ >= steps_};
        if (kind_.isInteger) {
          output.rowScale = rowScales_ + row;
          output.columnScale = b + (depth + 1) * NR;
          if (kind_.isCompensated) {
            output.compensation = reinterpret_cast<const std::int32_t*>(b + depth * NR);
            if (kAddsPairs) output.pairsFit = reinterpret_cast<const std::uint8_t*>(output.compensation + 2 * NR);
          }
        }
        if (packsRows_) {
          const float* const next = share.panels + blockAt(panel + 1 < panels ? panel + 1 : 0, k);
          kind_.multiplyPanels(rows, depth, packed_ + row * steps_ + k * kind_.panelRows, kind_.panelRows * steps_, b, next,
                               output, ahead);
        } else {
          const Activations a = p_.a.from(chunkStart_ + row, k);
          tileColumn<Float32Steps>(rows, depth, static_cast<const float*>(a.values), a.row, a.step, b, NR, output);
        }
      }
    }
  }

  // The next rows of a weight, from `row` on, for so many steps of depth; none where a row is read in several blocks, as they do not
  // follow each other then.
  LinesAhead linesFrom(const Weight& weight, std::int64_t row, std::int64_t steps) const {
    if (blocks_ > 1) return {};
    return withFormat(weight.format, [&](auto type) -> LinesAhead {
      using Type = decltype(type);
      return {reinterpret_cast<const char*>(WeightRow<Type>(weight, row).codes),
              ceilDivide(MR * bytesOfCodes<Type>(weight.columns), steps)};
    });
  }

  // A panel of columns, as rows of the weight by strips of rows [start, end) of the chunk.
  // @param origin the row of the chunk that c begins with
  void multiplyAsLanes(const Share& share, std::int64_t firstPanel, std::int64_t panel, std::int64_t start, std::int64_t end,
                       std::int64_t origin) const {
    const Factor& factor = *share.factor;
    const std::int64_t first = (firstPanel + panel) * NR, columns = smaller(NR, factor.columns() - first);
    const std::int64_t strips = ceilDivide(end - start, stripRows_);
    float* const sums = scratchFloats(Scratch::laneSums, (strips + 1) * NR * NR);
    float* const room = scratchFloats(Scratch::laneWeights, MR * roomFor(block_));
    float* const c = share.c + (start - origin) * share.stride + panel * NR;
    const auto rowsOf = [&](std::int64_t strip) { return smaller(stripRows_, end - start - strip * stripRows_); };
    for (std::int64_t strip = 0; strip < strips && p_.accumulate; strip++) {
      turnIn(c + strip * stripRows_ * share.stride, share.stride, rowsOf(strip), columns, sums + strip * NR * NR);
    }
    for (std::int64_t k = 0; k < steps_; k += block_) {
      const std::int64_t depth = smaller(block_ * kind_.depth, p_.depth - k * kind_.depth), steps = smaller(block_, steps_ - k);
      for (std::int64_t column = 0; column < columns; column += MR) {
        const std::int64_t count = smaller(MR, columns - column);
        WeightLines lines;
        {
          const Doing reading(Activity::weights);
          share.columns->readLines(factor.weight, factor.columnScale(), first + column, count, p_.depthStart + k * kind_.depth, depth,
                                   room, lines);
        }
        LaneOutput output = {nullptr,
                             kind_.isInteger                   ? lines.scales
                             : factor.columnScale() == nullptr ? nullptr
                                                               : factor.columnScale() + first + column,
                             factor.bias == nullptr || k > 0 ? nullptr : factor.bias + first + column,
                             p_.alpha,
                             p_.accumulate || k > 0,
                             nullptr,
                             kind_.isCompensated ? lines.compensations : nullptr};
        LinesAhead ahead = linesFrom(factor.weight, first + column + count, strips * steps);
        for (std::int64_t strip = 0; strip < strips; strip++) {
          const std::int64_t vectors = vectorsOf(rowsOf(strip));
          output.sums = sums + strip * NR * NR + column * NR;
          const std::int64_t row = start + strip * stripRows_;
          if (kind_.isInteger) output.rowScale = rowScales_ + row;
          kind_.multiplyLanes(steps, lines, count, packed_ + row * steps_ + k * vectors * W, vectors, ahead, output);
          if (ahead.first != nullptr) ahead.first += steps * ahead.apart;
        }
      }
    }
    for (std::int64_t strip = 0; strip < strips; strip++) {
      turnOut(sums + strip * NR * NR, rowsOf(strip), columns, sums + strips * NR * NR, c + strip * stripRows_ * share.stride, share.stride);
    }
  }

  void addTerms(const Share& share, std::int64_t firstPanel, std::int64_t panels, std::int64_t first, std::int64_t end,
                std::int64_t origin) const {
    const float* right = share.terms;
    if (right == nullptr) return;
    const Doing updating(Activity::lowRank);
    for (std::int64_t panel = 0; panel < panels; panel++) {
      for (int t = 0; t < share.columns->termCount; t++) {
        const Term& term = share.columns->terms[t];
        const std::int64_t columns = smaller(NR, share.factor->columns() - (firstPanel + panel) * NR);
        const TileOutput output = {share.c + (first - origin) * share.stride + panel * NR, share.stride, columns, nullptr, nullptr,
                                   term.scale, true};
        multiplyPanels<Float32Steps>(end - first, term.rank, term.leftPanels + first * term.rank, MR * term.rank, right, right,
                                     output);
        right += term.rank * NR;
      }
    }
  }

  void giveToSink(const Share* shares, std::int64_t firstPanel, std::int64_t panels, std::int64_t first, std::int64_t end) const {
    const std::int64_t column = firstPanel * NR;
    const std::int64_t columns = smaller(panels * NR, shares[0].factor->columns() - column);
    Part part = {chunkStart_ + first, end - first, column, columns, {}, shares[0].stride};
    for (std::int64_t i = 0; i < together_; i++) part.sums[i] = shares[i].c;
    const Doing taking(p_.sink->activity);
    p_.sink->take(p_.sink->context, part);
  }

  static constexpr std::int64_t kLeastHeldBytes = std::int64_t{512} << 10;

  const StepKind& kind_;
  const Product& p_;
  const Outliers* outliers_;
  const float* depthScale_;
  std::int64_t steps_, block_, blocks_;  // steps of depth; of a block, and how many blocks
  std::int64_t tail_;                    // behind each block of a panel
  std::int64_t panelStride_, jobStride_;
  std::int64_t allPanels_ = 0, panelsPerJob_ = 1, columnJobs_ = 0;
  std::int64_t together_;  // factors whose same columns one job computes
  bool packsRows_, sharesColumns_;
  bool usesLanes_;            // rows of a are the lanes of vectors, and no columns are packed
  std::int64_t stripRows_;    // of which a strip has whole vectors
  std::int64_t mostRows_;     // of a chunk
  bool holdsDepth_;  // a job has its columns over the whole depth, and finishes some rows of c before it goes on to the next
  Columns columns_[kMostFactors];
  std::int64_t chunkStart_ = 0, chunkRows_ = 0;
  float* packed_ = nullptr;
  float* rowScales_ = nullptr;
};

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

// a[:, outliers] and b[outliers, :] of each factor, exact: what 8 bits left out.
static OutlierTerms outlierTermsOf(const Product& p, const Outliers& outliers) {
  OutlierTerms terms = {};
  terms.count = outliers.count;
  float* const rows = scratchFloats(Scratch::outlierRows, p.rows * outliers.count);
  terms.rows = rows;
  const float* const depthScale = depthScaleOf(p);
  constexpr std::int64_t rowsPerJob = 64;
  parallel(ceilDivide(p.rows, rowsPerJob), [&](std::int64_t job) {
    for (std::int64_t r = job * rowsPerJob; r < smaller(p.rows, (job + 1) * rowsPerJob); r++) {
      for (std::int64_t i = 0; i < outliers.count; i++) {
        const std::int64_t k = outliers.columns[i];
        rows[r * outliers.count + i] = p.a.at(r, k) * (depthScale == nullptr ? 1.0f : depthScale[k]);
      }
    }
  });
  std::int64_t columns = 0;
  for (std::int64_t f = 0; f < p.count; f++) columns += p.factors[f].columns();
  float* weights = scratchFloats(Scratch::outlierWeights, outliers.count * columns);
  for (std::int64_t f = 0; f < p.count; f++) {
    const Factor& factor = p.factors[f];
    const std::int64_t width = factor.columns();
    terms.weights[f] = weights;
    parallel(ceilDivide(width, kOutlierColumnsPerJob), [&](std::int64_t job) {
      const std::int64_t first = job * kOutlierColumnsPerJob;
      const std::int64_t end = smaller(width, first + kOutlierColumnsPerJob);
      withFormat(factor.weight.format, [&](auto type) { copyOutlierWeights<decltype(type)>(p, factor, outliers, first, end, weights); });
    });
    weights += outliers.count * width;
  }
  return terms;
}

// Which steps multiply a format at a precision.
LATHE_INLINE Precision precisionFor(Format format, Precision wanted) {
  const bool goesIntoBf16 = format != Format::fp32 && format != Format::fp16;
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

LATHE_INLINE const StepKind& stepKindOf(Precision precision) {
  if (precision == Precision::int8) return stepKind<Int8Steps>;
  if constexpr (kMultipliesBf16) {
    if (precision == Precision::bf16) return stepKind<Bf16Steps>;
  }
  return stepKind<Float32Steps>;
}

// A part of a product's depth whose rows fit the cache.
static void multiplyPart(const Product& p, Precision precision, float outlierRatio) {
  if (precision == Precision::int8) {
    Outliers outliers;
    OutlierTerms terms = {};
    {
      const Doing looking(Activity::rows);
      outliers = findOutliers(p.a, p.rows, p.depth, depthScaleOf(p), outlierRatio);
      if (outliers.count > 0) terms = outlierTermsOf(p, outliers);
    }
    Multiplication(stepKind<Int8Steps>, p, &outliers, terms).run();
    return;
  }
  Multiplication(stepKindOf(precision), p).run();
}

// All factors at one precision.
//
// Where rows do not fit the cache over the whole depth, the depth is cut first, into parts of which all rows fit: rather than
// have the weights packed anew for each chunk of rows, as many times as the gradient of an output head has such chunks. Parts are
// of whole blocks, so that a row has the same bits among any number of others; in 8 bits each part has its own scales and outliers.
static void multiply(const Product& p, Precision precision, float outlierRatio) {
  if (p.rows == 0 || p.count == 0) return;
  if (p.depth == 0) return multiplyNothing(p);
  const StepKind& kind = stepKindOf(precision);
  const std::int64_t steps = kind.stepsOf(p.depth), block = blockOf(steps, kind.depthBlock);
  const std::int64_t fits = ProductCut::packedRowBytes / 4 / (ceilDivide(p.rows, kRowUnit) * kRowUnit);
  // Shorter parts add to c too often.
  const std::int64_t parts = ceilDivide(steps, larger(1, fits / block) * block);
  const std::int64_t part = ceilDivide(ceilDivide(steps, parts), block) * block * kind.depth;
  if (fits >= steps || p.a.step != 1 || p.sink != nullptr) return multiplyPart(p, precision, outlierRatio);
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
    q.a = p.a.from(0, from);
    q.factors = factors;
    q.accumulate = p.accumulate || from > 0;
    q.block = block;
    multiplyPart(q, precision, outlierRatio);
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
