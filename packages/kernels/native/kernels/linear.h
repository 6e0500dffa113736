// y = x W^T + b and dx = dy W over packed weights, and general products of float32 matrices.
#pragma once

#include "product.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kFewRows = 8;  // up to here a product is bound by reading the weights, not by multiplying

// Codes are asked for so many bytes before they are multiplied, into the second level of cache. The hardware fetches ahead by
// itself, but not far enough to keep the memory busy while cores widen and multiply.
constexpr std::int64_t kFetchAhead = 4096;
constexpr std::int64_t kLine = 64;  // bytes of a cache line

// Sums of N rows of x by one row of weights, in vectors along the inputs. Rows of weights are read one after the other, in
// the order in which they lie: then the hardware fetches ahead, which it does not across several rows at a time.
template <class Type, int N>
LATHE_INLINE void dotRow(const float* x, const Weight& weight, std::int64_t row, float (&sums)[N]) {
  constexpr int chains = 4;  // of additions, to hide their latency
  // Of many rows some chains at a time, as many as there are registers for: in the order of their own they give the same sums.
  constexpr int atOnce = N <= 4 ? chains : (W == 16 ? 2 : 1);
  const std::int64_t inputs = weight.columns;
  const auto* codes = static_cast<const typename Type::Code*>(weight.codes) + row * inputs;
  F partial[N][chains];
  // Whole lines, so that each is asked for once.
  constexpr std::int64_t codesInLine = kLine / static_cast<std::int64_t>(sizeof(typename Type::Code));
  constexpr std::int64_t together = codesInLine > chains * W ? codesInLine : chains * W;
  LATHE_UNROLL
  for (int from = 0; from < chains; from += atOnce) {
    F of[N][atOnce];
    LATHE_UNROLL
    for (int n = 0; n < N; n++) {
      LATHE_UNROLL
      for (int c = 0; c < atOnce; c++) of[n][c] = F{};
    }
    const auto step = [&](std::int64_t at, int c) __attribute__((always_inline)) {
      const F values = Type::widen(codes + at);
      LATHE_UNROLL
      for (int n = 0; n < N; n++) of[n][c] = fma(values, load(x + n * inputs + at), of[n][c]);
    };
    std::int64_t i = 0;
    for (; i + together <= inputs; i += together) {
      // Past the end of the weights nothing is fetched, and nothing fails.
      if (from == 0) {
        LATHE_UNROLL
        for (std::int64_t c = 0; c < together; c += codesInLine) {
          __builtin_prefetch(reinterpret_cast<const char*>(codes + i + c) + kFetchAhead, 0, 2);
        }
      }
      LATHE_UNROLL
      for (std::int64_t group = 0; group < together; group += chains * W) {
        LATHE_UNROLL
        for (int c = 0; c < atOnce; c++) step(i + group + (from + c) * W, c);
      }
    }
    for (; i + chains * W <= inputs; i += chains * W) {
      LATHE_UNROLL
      for (int c = 0; c < atOnce; c++) step(i + (from + c) * W, c);
    }
    // What is left over goes with the first chain.
    for (; from == 0 && i < inputs; i += W) {
      const F values = widenUpTo<Type>(codes + i, inputs - i);
      LATHE_UNROLL
      for (int n = 0; n < N; n++) of[n][0] = fma(values, loadUpTo(x + n * inputs + i, inputs - i), of[n][0]);
    }
    LATHE_UNROLL
    for (int n = 0; n < N; n++) {
      LATHE_UNROLL
      for (int c = 0; c < atOnce; c++) partial[n][from + c] = of[n][c];
    }
  }
  LATHE_UNROLL
  for (int n = 0; n < N; n++) sums[n] = sumOf((partial[n][0] + partial[n][1]) + (partial[n][2] + partial[n][3]));
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
  Weight weight;
  const float* bias;
  float* y;
  std::int64_t N;
  float alpha;
  bool accumulate;

  FewRows from(std::int64_t row) const {
    FewRows rest = *this;
    rest.x += row * weight.columns;
    rest.y += row * weight.rows;
    rest.N -= row;
    return rest;
  }
};

// Outputs [first, end) of the first N rows.
template <class Type, int N>
static void fewRows(const FewRows& rows, std::int64_t first, std::int64_t end) {
  const Weight& w = rows.weight;
  const float* const x = rows.x;
  const float* const bias = rows.bias;
  float* const y = rows.y;
  const float alpha = rows.alpha;
  const bool accumulate = rows.accumulate;
  const Nf4Tables tables;
  // What no row before asked for.
  const char* const start = reinterpret_cast<const char*>(WeightRow<Type>(w, first).codes);
  for (std::int64_t byte = 0; byte < kFetchAhead; byte += kLine) __builtin_prefetch(start + byte, 0, 2);
  const float* const scales = w.format == Format::int8 ? w.scales : nullptr;
  for (std::int64_t o = first; o < end; o++) {
    float sums[N];
    if constexpr (kIsNf4<Type>) dotNf4Row<N>(x, w, o, tables, sums);
    else dotRow<Type, N>(x, w, o, sums);
    for (int n = 0; n < N; n++) {
      float& target = y[n * w.rows + o];
      const float base = (accumulate ? target : 0.0f) + (bias == nullptr ? 0.0f : bias[o]);
      target = base + sums[n] * (scales == nullptr ? alpha : alpha * scales[o]);
    }
  }
}

template <class Type>
static void upToFourRows(const FewRows& rows, std::int64_t first, std::int64_t end) {
  switch (rows.N) {
    case 4: return fewRows<Type, 4>(rows, first, end);
    case 3:
      fewRows<Type, 1>(rows.from(2), first, end);
      [[fallthrough]];
    case 2: return fewRows<Type, 2>(rows, first, end);
    default: return fewRows<Type, 1>(rows, first, end);
  }
}

static void fewRowsOf(const FewRows& rows, std::int64_t first, std::int64_t end) {
  withFormat(rows.weight.format, [&](auto type) {
    using Type = decltype(type);
    if (rows.N > 4 && rows.N < kFewRows) {
      // In two parts, a few rows of weights at a time: these are in the cache for the second.
      constexpr std::int64_t together = 16;
      for (; first < end; first += together) {
        const std::int64_t last = smaller(end, first + together);
        fewRows<Type, 4>(rows, first, last);
        upToFourRows<Type>(rows.from(4), first, last);
      }
      return;
    }
    if (rows.N == kFewRows) return fewRows<Type, static_cast<int>(kFewRows)>(rows, first, end);
    upToFourRows<Type>(rows, first, end);
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

// The products of up to kFewRows rows with several weights, whose rows are dealt out as those of one.
// @param x the activations in float32
static void fewRowsOfMany(const Linear& l, const float* x) {
  constexpr std::int64_t leastCodes = 1 << 14;
  std::int64_t rows = 0;
  for (std::int64_t i = 0; i < l.count; i++) rows += l.outputs[i].weight.rows;
  const Halving cut(rows, ceilDivide(leastCodes, larger(1, l.outputs[0].weight.columns)));
  parallel(cut.jobs(), [&](std::int64_t job) {
    std::int64_t start = cut.start(job), end = cut.start(job + 1);
    for (std::int64_t i = 0; i < l.count && end > 0; i++) {
      const LinearOutput& o = l.outputs[i];
      const std::int64_t first = larger(0, start), last = smaller(o.weight.rows, end);
      start -= o.weight.rows;
      end -= o.weight.rows;
      if (first >= last) continue;
      fewRowsOf({x, o.weight, o.bias, o.y, l.N, l.options.alpha, l.options.accumulate}, first, last);
      if (o.lowRank.rank == 0) continue;
      const Weight right = {Format::fp32, o.lowRank.right, nullptr, o.weight.rows, o.lowRank.rank, nullptr, nullptr, nullptr, 0};
      fewRowsOf({o.lowRank.left, right, nullptr, o.y, l.N, o.lowRank.scale, true}, first, last);
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
