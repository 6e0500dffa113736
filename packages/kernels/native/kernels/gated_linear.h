// hidden = silu(x Wg^T + bg) * (x Wu^T + bu), the wide half of a gated MLP (arXiv:2002.05202), and its gradients.
//
// Gate and up are as wide as a model gets. They never exist as matrices: what the products give is used while it is in the
// cache, and a backward pass keeps them in 8 bits, a scale for each block of a row (as in arXiv:2110.02861).
#pragma once

#include "elementwise.h"
#include "linear.h"

namespace lathe {
namespace LATHE_LEVEL {

static_assert(kGatedBlock == kLeastSinkUnit, "parts hold whole blocks");

// Where gate and up lie in kept bytes. First come the codes, for each block of each row those of gate and then those of up; from
// the next multiple of 4 on come the scales [2, N, blocks]. The codes of a block, of gate and up together, take as many bytes as
// the gradients of its gate in bfloat16: these may be written over them.
template <class Scale, class Code>
struct KeptGates {
  std::int64_t width, blocks;
  Scale* scales[2] = {};
  Code* codes = nullptr;

  template <class Byte>
  KeptGates(Byte* kept, std::int64_t rows, std::int64_t f) : width(f), blocks(ceilDivide(f, kGatedBlock)) {
    if (kept == nullptr) return;
    codes = reinterpret_cast<Code*>(kept);
    scales[0] = reinterpret_cast<Scale*>(kept + gatedCodeBytes(rows, f));
    scales[1] = scales[0] + rows * blocks;
  }

  // Codes of a block, of gate or of up. @param column the block's first   @param count of its columns
  Code* block(int side, std::int64_t row, std::int64_t column, std::int64_t count) const {
    return codes + 2 * (row * width + column) + side * count;
  }
};

using WrittenGates = KeptGates<float, std::int8_t>;
using ReadGates = KeptGates<const float, const std::int8_t>;

constexpr int kBlockVectors = static_cast<int>(kGatedBlock) / W;

// Up to a block of a row, the lanes past `count` zero.
LATHE_INLINE void loadGatedBlock(const float* x, std::int64_t count, F (&values)[kBlockVectors]) {
  LATHE_UNROLL
  for (int v = 0; v < kBlockVectors; v++) values[v] = count > v * W ? loadUpTo(x + v * W, count - v * W) : F{};
}

// Codes and the scale of a block; a block that is not finite keeps that in its scale.
LATHE_INLINE float keepBlock(const F (&values)[kBlockVectors], std::int64_t count, std::int8_t* codes) {
  // As whole numbers the bits of magnitudes are in the same order, infinity and NaN above all others.
  I most = {};
  LATHE_UNROLL
  for (int v = 0; v < kBlockVectors; v++) {
    const I bits = (I)magnitude(values[v]);
    most = most > bits ? most : bits;
  }
  const std::int32_t largestBits = largestOfInts(most);
  float largest;
  std::memcpy(&largest, &largestBits, sizeof largest);
  if (largestBits >= 0x7f800000) largest = __builtin_nanf("");
  const F factor = splat(largest > kLeastMagnitude ? 127.0f / largest : 0.0f);
  LATHE_UNROLL
  for (int v = 0; v < kBlockVectors; v++) {
    if (count <= v * W) continue;
    const I code = roundToInteger(values[v] * factor) & 255;  // any where the scale is not finite
    if (count >= (v + 1) * W) {
      storeBytes(reinterpret_cast<std::uint8_t*>(codes) + v * W, code);
    } else {
      std::uint8_t lanes[W];
      storeBytes(lanes, code);
      std::memcpy(codes + v * W, lanes, static_cast<std::size_t>(count - v * W));
    }
  }
  return largest / 127.0f;
}

static void gatedLinear(const GatedLinear& l) {
  const std::int64_t inputs = l.gate.weight.columns;
  const std::int64_t width = l.gate.weight.rows;
  std::uint8_t* const kept = l.kept;
  std::uint16_t* const hidden = l.hidden;
  const WrittenGates gates(kept, l.N, width);
  const auto take = [&](const Part& part) {
    for (std::int64_t r = 0; r < part.rows; r++) {
      const std::int64_t row = part.row + r;
      if (r + 1 < part.rows) {
        const std::int64_t next = (row + 1) * width + part.column;
        fetchRow(hidden + next, part.columns * 2);
        if (kept != nullptr) fetchRow(gates.codes + 2 * next, part.columns * 2);
      }
      for (std::int64_t c = 0; c < part.columns; c += kGatedBlock) {
        const std::int64_t count = smaller(kGatedBlock, part.columns - c);
        const std::int64_t column = part.column + c;
        F gate[kBlockVectors], up[kBlockVectors];
        loadGatedBlock(part.sums[0] + r * part.stride + c, count, gate);
        loadGatedBlock(part.sums[1] + r * part.stride + c, count, up);
        if (kept != nullptr) {
          const std::int64_t block = row * gates.blocks + column / kGatedBlock;
          gates.scales[0][block] = keepBlock(gate, count, gates.block(0, row, column, count));
          gates.scales[1][block] = keepBlock(up, count, gates.block(1, row, column, count));
        }
        LATHE_UNROLL
        for (int v = 0; v < kBlockVectors; v++) {
          if (count <= v * W) continue;
          storeBf16UpTo(hidden + row * width + column + v * W, silu(gate[v]) * up[v], count - v * W);
        }
      }
    }
  };
  const Sink sink = sinkOf(take, Activity::elementwise);
  const Factor factors[2] = {{l.gate.weight, true, l.gate.bias, nullptr, l.gate.lowRank},
                             {l.up.weight, true, l.up.bias, nullptr, l.up.lowRank}};
  Product product = {l.N, inputs, rowsOf(l.x, inputs), factors, 2, l.options.alpha, false};
  product.sink = &sink;
  // One kind of product for both; float32 takes any.
  const Precision ofGate = precisionFor(l.gate.weight.format, l.options.precision);
  const Precision ofUp = precisionFor(l.up.weight.format, l.options.precision);
  multiply(product, ofGate == ofUp ? ofGate : Precision::fp32, l.options.outlierRatio);
}

// Calls each(column, count, gate, up) for the vectors of a part of the kept values, each block of which is read before the first
// call for it.
template <class Each>
LATHE_INLINE void forKeptVectors(const ReadGates& gates, std::int64_t row, std::int64_t column,
                                 std::int64_t columns, Each&& each) {
  for (std::int64_t c = column; c < column + columns; c += kGatedBlock) {
    const std::int64_t block = row * gates.blocks + c / kGatedBlock;
    const F gateScale = splat(gates.scales[0][block]), upScale = splat(gates.scales[1][block]);
    const std::int64_t count = smaller(kGatedBlock, column + columns - c);
    const std::int8_t* const ofGate = gates.block(0, row, c, count);
    const std::int8_t* const ofUp = gates.block(1, row, c, count);
    F gate[kBlockVectors], up[kBlockVectors];
    LATHE_UNROLL
    for (int v = 0; v < kBlockVectors; v++) {
      if (count <= v * W) continue;
      gate[v] = widenUpTo<Int8>(ofGate + v * W, count - v * W) * gateScale;
      up[v] = widenUpTo<Int8>(ofUp + v * W, count - v * W) * upScale;
    }
    LATHE_UNROLL
    for (int v = 0; v < kBlockVectors; v++) {
      if (count > v * W) each(c + v * W, smaller(W, count - v * W), gate[v], up[v]);
    }
  }
}

// Rows that are asked for ahead: of one that lies in memory the next comes too late.
constexpr std::int64_t kGatedRowsFetched = 4;

static void gatedLinearBackward(const GatedLinearBackward& l) {
  const std::int64_t width = l.down.columns;
  const bool overwrites = static_cast<const void*>(l.dGate) == l.kept;
  std::uint16_t* const dGate = l.dGate;
  std::uint16_t* const dUp = l.dUp;
  const ReadGates gates(l.kept, l.N, width);
  const auto take = [&](const Part& part) {
    for (std::int64_t r = 0; r < part.rows; r++) {
      const float* const dHidden = part.sums[0] + r * part.stride - part.column;
      const std::int64_t start = (part.row + r) * width;
      if (r + kGatedRowsFetched < part.rows) {
        const std::int64_t next = start + kGatedRowsFetched * width + part.column;
        fetchRow(dUp + next, part.columns * 2);
        fetchRow(gates.codes + 2 * next, part.columns * 2);
        if (!overwrites) fetchRow(dGate + next, part.columns * 2);
      }
      forKeptVectors(gates, part.row + r, part.column, part.columns,
                     [&](std::int64_t i, std::int64_t n, F gate, F up) __attribute__((always_inline)) {
                       const SwigluGradients d = swigluGradients(gate, up, loadUpTo(dHidden + i, n));
                       storeBf16UpTo(dGate + start + i, d.gate, n);
                       storeBf16UpTo(dUp + start + i, d.up, n);
                     });
    }
  };
  const Sink sink = sinkOf(take, Activity::elementwise);
  const Factor factor = {l.down, false, nullptr, nullptr, l.lowRank};
  Product product = {l.N, l.down.rows, rowsOf(l.dy, l.down.rows), &factor, 1, l.options.alpha, false, true};
  product.sink = &sink;
  multiply(product, precisionFor(l.down.format, l.options.precision), l.options.outlierRatio);
}

static void gatedHidden(const std::uint8_t* kept, std::uint16_t* hidden, std::int64_t N, std::int64_t f) {
  const ReadGates gates(kept, N, f);
  constexpr std::int64_t rowsPerJob = 4;
  parallel(ceilDivide(N, rowsPerJob), [&](std::int64_t job) {
    for (std::int64_t row = job * rowsPerJob; row < smaller(N, (job + 1) * rowsPerJob); row++) {
      forKeptVectors(gates, row, 0, f, [&](std::int64_t i, std::int64_t n, F gate, F up) __attribute__((always_inline)) {
        storeBf16UpTo(hidden + row * f + i, silu(gate) * up, n);
      });
    }
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
