// The wide half of a gated MLP.
#include "entries.h"
#include "readers.h"

#include <climits>
#include <vector>

namespace lathe {

// One of the two products of a gated linear, which nothing is written of.
static LinearOutput readGate(const Arguments& a, const Array<float>& x, napi_value object, const char* name,
                             const std::vector<Array<char>>& outputs) {
  a.expectObject(object, name);
  const auto w = readWeight(a, a.field(object, "weight"), "weight");
  const napi_value bias = a.field(object, "bias");
  const auto offsets = a.isNull(bias) ? Array<float>() : a.array<float>(bias, "bias");
  if (offsets) a.expectLength(offsets, w.weight.rows, "[f]");
  const std::int64_t rows = a.rowsOf(x, w.weight.columns, "[N, I]");
  const auto update = readLowRank(a, a.field(object, "lowRank"), rows, w.weight.rows, "[f, rank]");
  for (const Array<char>& output : outputs) {
    a.expectApart(output, w.codes);
    a.expectApart(output, offsets);
    a.expectApart(output, update.left);
    a.expectApart(output, update.right);
  }
  return {w.weight, offsets.data, nullptr, update.lowRank};
}

// What gatedLinear keeps of N rows of f columns; its scales are read in place.
static Array<std::uint8_t> readKeptGates(const Arguments& a, int index, std::int64_t rows, std::int64_t width) {
  const auto kept = a.arrayOrNull<std::uint8_t>(index, "kept");
  if (!kept) return kept;
  a.expectLength(kept, gatedBytes(rows, width), "as gatedBytes gives for [N, f]");
  if (reinterpret_cast<std::uintptr_t>(kept.data) % sizeof(float) != 0) a.failRange("expected kept to lie at a multiple of 4 bytes");
  return kept;
}

// gatedLinear(x, gate {weight, bias, lowRank}, up, kept, hidden, options)
void callGatedLinear(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto hidden = a.array<std::uint16_t>(4, "hidden");
  const ProductOptions options = readProductOptions(a, a.value(5));
  const auto bytes = a.arrayOrNull<std::uint8_t>(3, "kept");
  const std::vector<Array<char>> outputs = {bytesOf(hidden), bytesOf(bytes)};
  const LinearOutput gate = readGate(a, x, a.value(1), "gate", outputs);
  const LinearOutput up = readGate(a, x, a.value(2), "up", outputs);
  const Weight& weight = gate.weight;
  if (up.weight.rows != weight.rows || up.weight.columns != weight.columns) {
    a.failRange("expected gate and up of one shape, got [" + std::to_string(weight.rows) + ", " + std::to_string(weight.columns) +
                "] and [" + std::to_string(up.weight.rows) + ", " + std::to_string(up.weight.columns) + "]");
  }
  if (options.accumulate) a.failRange("expected no accumulate: hidden is written anew");
  const std::int64_t rows = x.length / weight.columns;
  a.expectLength(hidden, rows * weight.rows, "[N, f]");
  const auto kept = readKeptGates(a, 3, rows, weight.rows);
  a.expectApart(hidden, x);
  a.expectApart(kept, x);
  a.expectApart(kept, hidden);
  a.kernels().gatedLinear({x.data, gate, up, kept.data, hidden.data, rows, options});
}

// gatedLinearBackward(dy, down, kept, dGate, dUp, options)
void callGatedLinearBackward(const Arguments& a, napi_value*) {
  const auto dy = a.array<float>(0, "dy");
  const auto w = readWeight(a, a.value(1), "down");
  const auto dGate = a.array<std::uint16_t>(3, "dGate");
  const auto dUp = a.array<std::uint16_t>(4, "dUp");
  const ProductOptions options = readProductOptions(a, a.value(5));
  if (options.accumulate) a.failRange("expected no accumulate: gradients are written anew");
  const std::int64_t rows = a.rowsOf(dy, w.weight.rows, "[N, O]");
  const auto update = readLowRank(a, lowRankOf(a, a.value(5)), rows, w.weight.columns, "[rank, f]");
  const auto kept = readKeptGates(a, 2, rows, w.weight.columns);
  if (!kept) a.fail(true, "expected kept to be a Uint8Array, got " + a.describe(a.value(2)));
  for (const auto& output : {dGate, dUp}) {
    a.expectLength(output, rows * w.weight.columns, "[N, f]");
    a.expectApart(output, dy);
    const bool isOverCodes = output.data == dGate.data && static_cast<void*>(dGate.data) == static_cast<void*>(kept.data);
    if (!isOverCodes) a.expectApart(output, kept);
    a.expectApart(output, w.codes);
    a.expectApart(output, update.left);
    a.expectApart(output, update.right);
  }
  a.expectApart(dGate, dUp);
  a.kernels().gatedLinearBackward({dy.data, w.weight, update.lowRank, kept.data, dGate.data, dUp.data, rows, options});
}

// gatedHidden(kept, hidden, f)
void callGatedHidden(const Arguments& a, napi_value*) {
  const auto hidden = a.array<std::uint16_t>(1, "hidden");
  const std::int64_t width = a.integer(2, "f", 1, INT_MAX);
  const std::int64_t rows = a.rowsOf(hidden, width, "[N, f]");
  const auto kept = readKeptGates(a, 0, rows, width);
  if (!kept) a.fail(true, "expected kept to be a Uint8Array, got " + a.describe(a.value(0)));
  a.expectApart(hidden, kept);
  a.kernels().gatedHidden(kept.data, hidden.data, rows, width);
}

}  // namespace lathe
