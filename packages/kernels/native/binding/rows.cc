// What treats rows: norms, rotation, sums, transposition, look-ups.
#include "entries.h"
#include "readers.h"

#include <climits>
#include <cmath>
#include <vector>

namespace lathe {

// rmsNormForward(x, weight, y, epsilon)
void callRmsNormForward(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto weight = a.array<float>(1, "weight");
  const auto y = a.array<float>(2, "y");
  const float epsilon = static_cast<float>(a.notNegative(a.value(3), "epsilon"));
  const std::int64_t rows = a.rowsOf(x, weight.length, "[N, h]");
  a.expectLength(y, x.length, "[N, h]");
  a.expectApart(y, x, true);
  a.expectApart(y, weight);
  a.kernels().rmsNormForward({x.data, weight.data, y.data, rows, weight.length, epsilon});
}

// rmsNormBackward(x, weight, dy, dx, dWeight, epsilon)
void callRmsNormBackward(const Arguments& a, napi_value*) {
  const Kept x = a.kept(0, "x");
  const auto weight = a.array<float>(1, "weight");
  const auto dy = a.array<float>(2, "dy");
  const auto dx = a.arrayOrNull<float>(3, "dx");
  const auto dWeight = a.arrayOrNull<float>(4, "dWeight");
  const float epsilon = static_cast<float>(a.notNegative(a.value(5), "epsilon"));
  const std::int64_t rows = a.rowsOf(x, weight.length, "[N, h]");
  a.expectLength(dy, x.length, "[N, h]");
  if (dx) a.expectLength(dx, x.length, "[N, h]");
  if (dWeight) a.expectLength(dWeight, weight.length, "[h]");
  a.expectApart(dx, x);
  a.expectApart(dx, weight);
  a.expectApart(dx, dy, true);
  a.expectApart(dWeight, x);
  a.expectApart(dWeight, weight);
  a.expectApart(dWeight, dy);
  a.expectApart(dWeight, dx);
  a.kernels().rmsNormBackward({x.values(), weight.data, dy.data, dx.data, dWeight.data, rows, weight.length, epsilon});
}

// rotate(x, out, cos, sin, headCount, headSize, direction)
void callRotate(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto out = a.array<float>(1, "out");
  const auto cos = a.array<float>(2, "cos");
  const auto sin = a.array<float>(3, "sin");
  const std::int64_t heads = a.integer(4, "headCount", 1, 65536);
  const std::int64_t headSize = a.integer(5, "headSize", 2, 4096);
  const double direction = a.finite(6, "direction");
  if (headSize % 2 != 0) a.failRange("expected an even headSize, got " + std::to_string(headSize));
  if (direction != 1 && direction != -1) a.failRange("expected direction 1 or -1, got " + number(direction));
  const std::int64_t rows = a.rowsOf(x, heads * headSize, "[N, H, d]");
  a.expectLength(out, x.length, "[N, H, d]");
  a.expectLength(cos, rows * (headSize / 2), "[N, d/2]");
  a.expectLength(sin, rows * (headSize / 2), "[N, d/2]");
  a.expectApart(out, x, true);
  a.expectApart(out, cos);
  a.expectApart(out, sin);
  a.kernels().rotate({x.data, out.data, cos.data, sin.data, rows, heads, headSize, static_cast<float>(direction)});
}

// scaleRows(x, factors, out)
void callScaleRows(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto factors = a.array<float>(1, "factors");
  const auto out = a.array<float>(2, "out");
  a.expectLength(out, x.length, "like x");
  if (factors.length == 0 ? x.length != 0 : x.length % factors.length != 0) {
    a.failRange("expected x [N, width] in " + std::to_string(factors.length) + " rows, got " + std::to_string(x.length) +
                " elements");
  }
  a.expectApart(out, x, true);
  a.expectApart(out, factors);
  if (x.length == 0) return;
  a.kernels().scaleRows({x.data, factors.data, out.data, factors.length, x.length / factors.length});
}

// sumRows(x, sums, accumulate)
void callSumRows(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto sums = a.array<float>(1, "sums");
  const bool accumulate = a.booleanOr(a.value(2), "accumulate", false);
  const std::int64_t rows = a.rowsOf(x, sums.length, "[N, width]");
  a.expectApart(sums, x);
  a.kernels().sumRows({x.data, sums.data, rows, sums.length, accumulate});
}

// transpose(x, out, rows, columns)
void callTranspose(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto out = a.array<float>(1, "out");
  const std::int64_t rows = a.integer(2, "rows", 0, INT_MAX);
  const std::int64_t columns = a.integer(3, "columns", 0, INT_MAX);
  a.expectLength(x, rows * columns, "[rows, columns]");
  a.expectLength(out, rows * columns, "[columns, rows]");
  a.expectApart(out, x);
  a.kernels().transpose(x.data, out.data, rows, columns);
}

// gatherRows(table, ids, out)
void callGatherRows(const Arguments& a, napi_value*) {
  const auto table = readWeight(a, a.value(0), "table");
  const auto ids = a.array<std::int32_t>(1, "ids");
  const auto out = a.array<float>(2, "out");
  a.expectLength(out, ids.length * table.weight.columns, "[N, columns]");
  expectIds(a, ids, table.weight.rows);
  a.expectApart(out, table.codes);
  a.expectApart(out, ids);
  a.kernels().gatherRows(table.weight, ids.data, out.data, ids.length);
}

// scatterAddRows(dOut, ids, dTable, width)
void callScatterAddRows(const Arguments& a, napi_value*) {
  const auto dOut = a.array<float>(0, "dOut");
  const auto ids = a.array<std::int32_t>(1, "ids");
  const auto dTable = a.array<float>(2, "dTable");
  const std::int64_t width = a.integer(3, "width", 1, INT_MAX);
  a.expectLength(dOut, ids.length * width, "[N, width]");
  expectIds(a, ids, a.rowsOf(dTable, width, "[rows, width]"));
  a.expectApart(dTable, dOut);
  a.expectApart(dTable, ids);
  a.kernels().scatterAddRows({dOut.data, ids.data, dTable.data, ids.length, width});
}

// sampleRows(logits, choices, ids)
void callSampleRows(const Arguments& a, napi_value*) {
  const auto logits = a.array<float>(0, "logits");
  const auto choices = a.array<double>(1, "choices");
  const auto ids = a.array<std::int32_t>(2, "ids");
  const std::int64_t rows = ids.length;
  a.expectLength(choices, rows * 4, "[N, 4]");
  if (rows == 0) {
    a.expectLength(logits, 0, "[N, V]");
    return;
  }
  if (logits.length == 0 || logits.length % rows != 0) {
    a.failRange("expected logits [N, V] in " + std::to_string(rows) + " rows, got " + std::to_string(logits.length) +
                " elements");
  }
  std::vector<SamplingChoice> read;
  for (std::int64_t row = 0; row < rows; row++) {
    const double* const choice = choices.data + row * 4;
    const SamplingChoice next = {choice[0], choice[1], choice[2], choice[3]};
    const auto expect = [&](bool holds, const char* what, double value) {
      if (!holds) a.failRange(std::string("expected ") + what + ", got " + number(value) + " in row " + std::to_string(row));
    };
    expect(std::isfinite(next.temperature) && next.temperature >= 0, "temperatures from 0 on", next.temperature);
    expect(next.topK >= 0 && next.topK <= INT_MAX && std::floor(next.topK) == next.topK, "topK from 0 on in whole numbers",
           next.topK);
    expect(next.topP > 0 && next.topP <= 1, "topP in (0, 1]", next.topP);
    expect(next.place >= 0 && next.place < 1, "places in [0, 1)", next.place);
    read.push_back(next);
  }
  a.expectApart(ids, logits);
  a.expectApart(ids, choices);
  a.kernels().sampleRows({logits.data, read.data(), ids.data, rows, logits.length / rows});
}

}  // namespace lathe
