// y = x W^T + b and dx = dy W over packed weights, and general products of float32 matrices.
#pragma once

#include "few_rows_in_16_bits.h"
#include "product.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kFewRows = 8;  // up to here a product is bound by reading the weights, not by multiplying

// The sum of one row of activations by one row of weights is of so many chains of additions, which hide their latency: the
// vectors along the inputs go to them in turn, and what is left over to the first.
constexpr int kChains = 4;

// Sums of a row of x by one row of weights. Rows of weights are read one after the other, in the order in which they lie: then
// the hardware fetches ahead, which it does not across several rows at a time.
template <class Type>
LATHE_INLINE float dotRow(const float* x, const Weight& weight, std::int64_t row) {
  const std::int64_t inputs = weight.columns;
  const auto* codes = static_cast<const typename Type::Code*>(weight.codes) + row * inputs;
  // Whole lines, so that each is asked for once.
  constexpr std::int64_t codesInLine = kLine / static_cast<std::int64_t>(sizeof(typename Type::Code));
  constexpr std::int64_t together = codesInLine > kChains * W ? codesInLine : kChains * W;
  F chains[kChains] = {};
  std::int64_t i = 0;
  for (; i + together <= inputs; i += together) {
    // Past the end of the weights nothing is fetched, and nothing fails.
    LATHE_UNROLL
    for (std::int64_t c = 0; c < together; c += codesInLine) {
      __builtin_prefetch(reinterpret_cast<const char*>(codes + i + c) + kFetchAhead, 0, 2);
    }
    LATHE_UNROLL
    for (std::int64_t v = 0; v < together; v += W) {
      F& chain = chains[v / W % kChains];
      chain = fma(Type::widen(codes + i + v), load(x + i + v), chain);
    }
  }
  for (; i + kChains * W <= inputs; i += kChains * W) {
    LATHE_UNROLL
    for (int c = 0; c < kChains; c++) chains[c] = fma(Type::widen(codes + i + c * W), load(x + i + c * W), chains[c]);
  }
  for (; i < inputs; i += W) {
    chains[0] = fma(widenUpTo<Type>(codes + i, inputs - i), loadUpTo(x + i, inputs - i), chains[0]);
  }
  return sumOf((chains[0] + chains[1]) + (chains[2] + chains[3]));
}

// How N rows of activations are multiplied. Two of them wait for weights, which come fastest row by row, in the order in which
// they lie. More wait for arithmetic and for activations: then each vector of these is loaded once for several rows of weights,
// as many as there are registers for sums, and of the chains fewer at a time.
constexpr int chainsAtOnce(std::int64_t N) { return N <= 2 ? kChains : N <= 4 ? 2 : 1; }
constexpr int weightRowsAtOnce(int N) {
  const int registers = W == 16 ? 24 : 12;
  const int most = registers / (N * chainsAtOnce(N));
  return N <= 2 || most < 1 ? 1 : most;
}

// A few rows of activations as they are multiplied: vectors of all of them one after the other, those that the last chains take in
// their order along the inputs, then those of the chains before, and at the end those left over. So memory is read from one end to
// the other, however long the rows are: they need not stay in the first level of cache.
struct InterleavedRows {
  // Rows in memory: an even number, so that there are fewer kinds of products. One more than there are is of zeros.
  static std::int64_t rowsFor(std::int64_t rows) { return (rows + 1) / 2 * 2; }
  static std::int64_t floatsFor(std::int64_t rows, std::int64_t inputs) { return rowsFor(rows) * ceilDivide(inputs, W) * W; }

  static void write(const float* x, std::int64_t rows, std::int64_t inputs, float* to) {
    const int chains = chainsAtOnce(rows);
    const std::int64_t turns = inputs / (kChains * W);
    const auto column = [&](std::int64_t at) __attribute__((always_inline)) {
      for (std::int64_t n = 0; n < rowsFor(rows); n++, to += W) {
        store(to, n < rows ? loadUpTo(x + n * inputs + at, inputs - at) : F{});
      }
    };
    for (std::int64_t first = kChains - chains; first >= 0; first -= chains) {
      for (std::int64_t turn = 0; turn < turns; turn++) {
        for (int c = 0; c < chains; c++) column((turn * kChains + first + c) * W);
      }
    }
    for (std::int64_t at = turns * kChains * W; at < inputs; at += W) column(at);
  }
};

// Sums of N rows of activations, interleaved, by R rows of weights from `row` on: the sums that dotRow has.
template <class Type, int N, int R>
LATHE_INLINE void dotRows(const float* interleaved, const Weight& weight, std::int64_t row, float (&sums)[R][N]) {
  constexpr int C = chainsAtOnce(N);
  const std::int64_t inputs = weight.columns;
  const std::int64_t turns = inputs / (kChains * W);
  const auto* codes = static_cast<const typename Type::Code*>(weight.codes) + row * inputs;
  constexpr std::int64_t codeBytes = static_cast<std::int64_t>(sizeof(typename Type::Code));
  const std::int64_t ahead = larger(kFetchAhead, R * inputs * codeBytes);
  const float* x = interleaved;
  F chains[kChains][R][N];
  for (int first = kChains - C; first >= 0; first -= C) {
    F of[C][R][N];
    LATHE_UNROLL
    for (int c = 0; c < C; c++) {
      LATHE_UNROLL
      for (int r = 0; r < R; r++) {
        LATHE_UNROLL
        for (int n = 0; n < N; n++) of[c][r][n] = F{};
      }
    }
    const auto step = [&](const F (&values)[R], int c) __attribute__((always_inline)) {
      LATHE_UNROLL
      for (int n = 0; n < N; n++, x += W) {
        const F row = R == 1 ? load(x) : inRegister(load(x));
        LATHE_UNROLL
        for (int r = 0; r < R; r++) of[c][r][n] = fma(values[r], row, of[c][r][n]);
      }
    };
    for (std::int64_t turn = 0; turn < turns; turn++) {
      const auto* const from = codes + (turn * kChains + first) * W;
      if (first == kChains - C) {
        LATHE_UNROLL
        for (int r = 0; r < R; r++) {
          LATHE_UNROLL
          for (std::int64_t byte = 0; byte < kChains * W * codeBytes; byte += kLine) {
            __builtin_prefetch(reinterpret_cast<const char*>(from + r * inputs) + ahead + byte, 0, 2);
          }
        }
      }
      LATHE_UNROLL
      for (int c = 0; c < C; c++) {
        F values[R];
        LATHE_UNROLL
        for (int r = 0; r < R; r++) values[r] = Type::widen(from + r * inputs + c * W);
        step(values, c);
      }
    }
    for (std::int64_t at = turns * kChains * W; first == 0 && at < inputs; at += W) {
      F values[R];
      LATHE_UNROLL
      for (int r = 0; r < R; r++) values[r] = widenUpTo<Type>(codes + r * inputs + at, inputs - at);
      step(values, 0);
    }
    LATHE_UNROLL
    for (int c = 0; c < C; c++) {
      LATHE_UNROLL
      for (int r = 0; r < R; r++) {
        LATHE_UNROLL
        for (int n = 0; n < N; n++) chains[first + c][r][n] = of[c][r][n];
      }
    }
  }
  for (int r = 0; r < R; r++) {
    for (int n = 0; n < N; n++) {
      sums[r][n] = sumOf((chains[0][r][n] + chains[1][r][n]) + (chains[2][r][n] + chains[3][r][n]));
    }
  }
}

// The same for nf4: each block is summed by itself and then scaled.
template <int N>
LATHE_INLINE void dotNf4Row(const float* x, const Weight& weight, std::int64_t row, const Nf4Tables& tables,
                            float (&sums)[N]) {
  const std::int64_t inputs = weight.columns;
  const std::int64_t blocks = ceilDivide(inputs, kNf4Block);
  const auto* codes = static_cast<const std::uint8_t*>(weight.codes) + row * ((inputs + 1) / 2);
  F totals[N];
  LATHE_UNROLL
  for (int n = 0; n < N; n++) totals[n] = F{};
  for (std::int64_t block = 0; block < blocks; block++) {
    const std::int64_t start = block * kNf4Block;
    const std::int64_t end = smaller(inputs, start + kNf4Block);
    F inBlock[N][2];
    LATHE_UNROLL
    for (int n = 0; n < N; n++) inBlock[n][0] = inBlock[n][1] = F{};
    if (end - start == kNf4Block) {
      LATHE_UNROLL
      for (std::int64_t i = 0; i < kNf4Block; i += 4 * W) {
        F values[4];
        tables.lookUp(codes + (start + i) / 2, values);
        LATHE_UNROLL
        for (int v = 0; v < 4; v++) {
          LATHE_UNROLL
          for (int n = 0; n < N; n++) {
            inBlock[n][v % 2] = fma(values[v], load(x + n * inputs + start + i + v * W), inBlock[n][v % 2]);
          }
        }
      }
    } else {
      for (std::int64_t i = start; i < end; i += W) {
        const F values = lookUpNf4UpTo(codes + i / 2, end - i);
        LATHE_UNROLL
        for (int n = 0; n < N; n++) inBlock[n][0] = fma(values, loadUpTo(x + n * inputs + i, end - i), inBlock[n][0]);
      }
    }
    const F scale = splat(scaleOfBlock(weight, row * blocks + block));
    LATHE_UNROLL
    for (int n = 0; n < N; n++) totals[n] = fma(inBlock[n][0] + inBlock[n][1], scale, totals[n]);
  }
  LATHE_UNROLL
  for (int n = 0; n < N; n++) sums[n] = sumOf(totals[n]);
}

// A product of up to kFewRows rows of activations in float32.
struct FewRows {
  const float* x;
  const float* interleaved;  // the same rows; not read for one row, nor for nf4
  Weight weight;
  const float* bias;
  float* y;
  std::int64_t stride;  // of y
  std::int64_t N;
  float alpha;
  bool accumulate;

  FewRows from(std::int64_t row) const {
    FewRows rest = *this;
    rest.x += row * weight.columns;
    rest.y += row * stride;
    rest.N -= row;
    return rest;
  }
  void write(std::int64_t row, std::int64_t output, float sum) const {
    float& target = y[row * stride + output];
    const float base = (accumulate ? target : 0.0f) + (bias == nullptr ? 0.0f : bias[output]);
    target = base + sum * (weight.format == Format::int8 ? alpha * weight.scales[output] : alpha);
  }
};

// Rows of nf4 that are multiplied by N rows.
template <int N>
static void nf4Outputs(const FewRows& rows, std::int64_t first, std::int64_t end) {
  const Nf4Tables tables;
  for (std::int64_t o = first; o < end; o++) {
    float sums[N];
    dotNf4Row<N>(rows.x, rows.weight, o, tables, sums);
    for (int n = 0; n < N; n++) rows.write(n, o, sums[n]);
  }
}

static void upToFourNf4Rows(const FewRows& rows, std::int64_t first, std::int64_t end) {
  switch (rows.N) {
    case 4: return nf4Outputs<4>(rows, first, end);
    case 3:
      nf4Outputs<1>(rows.from(2), first, end);
      [[fallthrough]];
    case 2: return nf4Outputs<2>(rows, first, end);
    default: return nf4Outputs<1>(rows, first, end);
  }
}

static void fewNf4Rows(const FewRows& rows, std::int64_t first, std::int64_t end) {
  if (rows.N == kFewRows) return nf4Outputs<static_cast<int>(kFewRows)>(rows, first, end);
  if (rows.N <= 4) return upToFourNf4Rows(rows, first, end);
  // In two parts, a few rows of weights at a time: these are in the cache for the second.
  constexpr std::int64_t together = 16;
  for (; first < end; first += together) {
    const std::int64_t last = smaller(end, first + together);
    nf4Outputs<4>(rows, first, last);
    upToFourNf4Rows(rows.from(4), first, last);
  }
}

template <class Type, int N, int R>
static std::int64_t interleavedOutputs(const FewRows& rows, std::int64_t first, std::int64_t end) {
  for (; first + R <= end; first += R) {
    float sums[R][N];
    dotRows<Type, N, R>(rows.interleaved, rows.weight, first, sums);
    for (std::int64_t n = 0; n < rows.N; n++) {
      for (int r = 0; r < R; r++) rows.write(n, first + r, sums[r][n]);
    }
  }
  return first;
}

template <class Type, int N>
static void outputsOf(const FewRows& rows, std::int64_t first, std::int64_t end) {
  first = interleavedOutputs<Type, N, weightRowsAtOnce(N)>(rows, first, end);
  interleavedOutputs<Type, N, 1>(rows, first, end);
}

// Outputs [first, end), of weights whose codes are numbers without blocks.
template <class Type>
static void fewRowsAs(const FewRows& rows, std::int64_t first, std::int64_t end) {
  if (rows.N == 1) {
    for (std::int64_t o = first; o < end; o++) rows.write(0, o, dotRow<Type>(rows.x, rows.weight, o));
    return;
  }
  switch (InterleavedRows::rowsFor(rows.N)) {
    case 2: return outputsOf<Type, 2>(rows, first, end);
    case 4: return outputsOf<Type, 4>(rows, first, end);
    case 6: return outputsOf<Type, 6>(rows, first, end);
    default: return outputsOf<Type, 8>(rows, first, end);
  }
}

// Rows of 8-bit floats are widened a few at a time, and multiplied as the float32 numbers that they are then: their scales come
// before their rounding, so that sums cannot be scaled.
static void fewFp8Rows(const FewRows& rows, std::int64_t first, std::int64_t end) {
  constexpr std::int64_t together = 8;
  const std::int64_t inputs = rows.weight.columns;
  float* const widened = scratchFloats(Scratch::widenedRows, together * inputs);
  for (; first < end; first += together) {
    const std::int64_t count = smaller(together, end - first);
    for (std::int64_t r = 0; r < count; r++) {
      const WeightRow<Fp8> row(rows.weight, first + r);
      for (std::int64_t c = 0; c < inputs; c += W) {
        if (c % kLine == 0) __builtin_prefetch(row.codes + c + kFetchAhead, 0, 2);
        storeUpTo(widened + r * inputs + c, row.at(c, smaller(W, inputs - c)), inputs - c);
      }
    }
    FewRows part = rows;
    part.weight = {Format::fp32, widened, nullptr, count, inputs, nullptr, nullptr, nullptr, 0};
    part.y += first;
    part.stride = rows.weight.rows;
    if (part.bias != nullptr) part.bias += first;
    fewRowsAs<Fp32>(part, 0, count);
  }
}

// Outputs [first, end).
static void fewRowsOf(const FewRows& rows, std::int64_t first, std::int64_t end) {
  withFormat(rows.weight.format, [&](auto type) {
    using Type = decltype(type);
    // What no row before asked for.
    const char* const start = reinterpret_cast<const char*>(WeightRow<Type>(rows.weight, first).codes);
    for (std::int64_t byte = 0; byte < kFetchAhead; byte += kLine) __builtin_prefetch(start + byte, 0, 2);
    if constexpr (kIsNf4<Type>) fewNf4Rows(rows, first, end);
    else if constexpr (kIsFp8<Type>) fewFp8Rows(rows, first, end);
    else fewRowsAs<Type>(rows, first, end);
  });
}

// Rows of weights dealt out to threads: each takes a half of its share in one job, then a quarter, and so on. Memory is read the
// faster the longer a stretch is, and short jobs at the end leave nobody waiting for long.
class Halving {
 public:
  // @param least rows that a job is worth
  Halving(std::int64_t rows, std::int64_t least) : rows_(rows), threads_(larger(1, smaller(threadCount(), rows / least))) {
    while (halvings_ < 4 && rows >= (threads_ * least) << (halvings_ + 1)) halvings_++;
  }
  // The last length comes twice.
  std::int64_t jobs() const { return threads_ * (halvings_ + 1); }
  // Where a job's rows begin, and those of the one before end.
  std::int64_t start(std::int64_t job) const {
    const std::int64_t round = smaller(job / threads_, halvings_);
    // In parts of 2^halvings a thread: those of the rounds before, and of the jobs before in this one.
    const std::int64_t parts = std::int64_t{1} << halvings_;
    const std::int64_t length = larger(1, parts >> (round + 1));
    const std::int64_t before = (parts - (parts >> round)) * threads_ + (job - round * threads_) * length;
    return rows_ * before / (parts * threads_);
  }

 private:
  std::int64_t rows_, threads_;
  int halvings_ = 0;
};

// Whether few rows are multiplied in 16 bits: where a product of more would be of 8.
static bool isInSixteenBits(const Weight& weight, Precision wanted) {
#if defined(LATHE_SIXTEEN_BITS)
  return wanted == Precision::int8 && weight.format == Format::int8;
#else
  (void)weight, (void)wanted;
  return false;
#endif
}

// The products of up to kFewRows rows with several weights, whose rows are dealt out as those of one.
// @param x the activations in float32
static void fewRowsOfMany(const Linear& l, const float* x) {
  constexpr std::int64_t leastCodes = 1 << 14;
  const std::int64_t inputs = l.outputs[0].weight.columns;
  std::int64_t rows = 0, floats = InterleavedRows::floatsFor(l.N, inputs);
  bool hasWhole = false, hasFloats = false;
  for (std::int64_t i = 0; i < l.count; i++) {
    rows += l.outputs[i].weight.rows;
    floats += InterleavedRows::floatsFor(l.N, l.outputs[i].lowRank.rank);
    (isInSixteenBits(l.outputs[i].weight, l.options.precision) ? hasWhole : hasFloats) = true;
  }
#if defined(LATHE_SIXTEEN_BITS)
  SixteenBitRows whole = {};
  if (hasWhole) {
    const std::int64_t bytes = SixteenBitRows::bytesFor(l.N, inputs);
    const std::int64_t far = SixteenBitRows::farFor(l.N, inputs) * static_cast<std::int64_t>(sizeof(FarElement));
    auto* const to = static_cast<std::uint8_t*>(scratch(Scratch::sixteenBits, static_cast<std::size_t>(bytes + far)));
    whole.write(x, l.N, inputs, to, reinterpret_cast<FarElement*>(to + bytes));
  }
#endif
  // Of the activations, and behind them of each low-rank term's own.
  float* const interleaved = scratchFloats(Scratch::packedColumns, floats);
  if (l.N > 1) {
    float* next = interleaved;
    if (hasFloats) InterleavedRows::write(x, l.N, inputs, next);
    next += InterleavedRows::floatsFor(l.N, inputs);
    for (std::int64_t i = 0; i < l.count; i++) {
      const LowRank& term = l.outputs[i].lowRank;
      InterleavedRows::write(term.left, l.N, term.rank, next);
      next += InterleavedRows::floatsFor(l.N, term.rank);
    }
  }
  const Halving cut(rows, ceilDivide(leastCodes, larger(1, inputs)));
  parallel(cut.jobs(), [&](std::int64_t job) {
    std::int64_t start = cut.start(job), end = cut.start(job + 1);
    const float* left = interleaved + InterleavedRows::floatsFor(l.N, inputs);
    for (std::int64_t i = 0; i < l.count && end > 0; i++) {
      const LinearOutput& o = l.outputs[i];
      const float* const ofTerm = left;
      left += InterleavedRows::floatsFor(l.N, o.lowRank.rank);
      const std::int64_t first = larger(0, start), last = smaller(o.weight.rows, end);
      start -= o.weight.rows;
      end -= o.weight.rows;
      if (first >= last) continue;
#if defined(LATHE_SIXTEEN_BITS)
      if (isInSixteenBits(o.weight, l.options.precision))
        sixteenBitProducts({whole, o.weight, o.bias, o.y, l.options.alpha, l.options.accumulate}, first, last);
      else
#endif
        fewRowsOf({x, interleaved, o.weight, o.bias, o.y, o.weight.rows, l.N, l.options.alpha, l.options.accumulate}, first, last);
      if (o.lowRank.rank == 0) continue;
      const Weight right = {Format::fp32, o.lowRank.right, nullptr, o.weight.rows, o.lowRank.rank, nullptr, nullptr, nullptr, 0};
      fewRowsOf({o.lowRank.left, ofTerm, right, nullptr, o.y, o.weight.rows, l.N, o.lowRank.scale, true}, first, last);
    }
  });
}

// Activations of a few rows in float32.
static const float* fewRowsInFloat32(const Values& x, std::int64_t length) {
  if (x.format == Format::fp32) return static_cast<const float*>(x.data);
  float* const widened = scratchFloats(Scratch::packedRows, length);
  const auto* const codes = static_cast<const std::uint16_t*>(x.data);
  for (std::int64_t i = 0; i < length; i += W) storeUpTo(widened + i, widenUpTo<Bf16>(codes + i, length - i), length - i);
  return widened;
}

static void linear(const Linear& l) {
  if (l.N == 0 || l.count == 0) return;
  const std::int64_t inputs = l.outputs[0].weight.columns;
  if (l.N <= kFewRows) return fewRowsOfMany(l, fewRowsInFloat32(l.x, l.N * inputs));
  // Weights that are multiplied in the same way share the packed rows.
  constexpr Precision precisions[] = {Precision::fp32, Precision::bf16, Precision::int8};
  for (const Precision precision : precisions) {
    Factor factors[kMostFactors];
    std::int64_t together = 0;
    for (std::int64_t i = 0; i < l.count; i++) {
      const LinearOutput& o = l.outputs[i];
      if (precisionFor(o.weight.format, l.options.precision) == precision) {
        factors[together++] = {o.weight, true, o.bias, o.y, o.lowRank};
      }
      if (together == 0 || (together < kMostFactors && i + 1 < l.count)) continue;
      const Activations x = {l.x.format, l.x.data, inputs, 1};
      multiply({l.N, inputs, x, factors, together, l.options.alpha, l.options.accumulate}, precision, l.options.outlierRatio);
      together = 0;
    }
  }
}

static void linearInputGradient(const LinearInputGradient& l) {
  const Weight& w = l.weight;
  const Factor factor = {w, false, nullptr, l.dx, l.lowRank};
  const Precision wanted = l.N <= kFewRows ? Precision::fp32 : l.options.precision;
  // Gradients hold many numbers far below the largest of their row, as the probabilities of unlikely tokens: each would be
  // rounded to nothing, and their sum with them.
  constexpr bool isDithered = true;
  const Activations dy = {l.dy.format, l.dy.data, w.rows, 1};
  multiply({l.N, w.rows, dy, &factor, 1, l.options.alpha, l.options.accumulate, isDithered}, precisionFor(w.format, wanted),
           l.options.outlierRatio);
}

static void gemm(const Gemm& g) {
  if (g.n == 0) return;
  Factor factor = {};
  factor.weight = {Format::fp32, g.b, nullptr, g.transposeB ? g.n : g.k, g.transposeB ? g.k : g.n, nullptr, nullptr, nullptr, 0};
  factor.isTransposed = g.transposeB;
  factor.c = g.c;
  const Activations a = {Format::fp32, g.a, g.transposeA ? 1 : g.k, g.transposeA ? g.m : 1};
  multiply({g.m, g.k, a, &factor, 1, g.alpha, g.accumulate}, Precision::fp32, 0.0f);
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
