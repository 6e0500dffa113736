// Products with weights, and of float32 matrices.
#include "entries.h"
#include "readers.h"

#include <climits>
#include <vector>

namespace lathe {

// One weight's share of a product: what it writes, and what that must not overlap.
static LinearOutput readLinearOutput(const Arguments& a, const Kept& x, napi_value weight, napi_value bias, napi_value y,
                                     napi_value lowRank, Array<float>& target) {
  const auto w = readWeight(a, weight, "weight");
  const auto offsets = a.isNull(bias) ? Array<float>() : a.array<float>(bias, "bias");
  target = a.array<float>(y, "y");
  const std::int64_t rows = a.rowsOf(x, w.weight.columns, "[N, I]");
  a.expectLength(target, rows * w.weight.rows, "[N, O]");
  if (offsets) a.expectLength(offsets, w.weight.rows, "[O]");
  const auto update = readLowRank(a, lowRank, rows, w.weight.rows, "[O, rank]");
  a.expectApart(target, x);
  a.expectApart(target, w.codes);
  a.expectApart(target, offsets);
  a.expectApart(target, update.left);
  a.expectApart(target, update.right);
  return {w.weight, offsets.data, target.data, update.lowRank};
}

// linear(x, weight, bias, y, options)
void callLinear(const Arguments& a, napi_value*) {
  const Kept x = a.kept(0, "x");
  const ProductOptions options = readProductOptions(a, a.value(4));
  Array<float> y;
  const LinearOutput output =
      readLinearOutput(a, x, a.value(1), a.value(2), a.value(3), lowRankOf(a, a.value(4)), y);
  a.kernels().linear({x.values(), &output, 1, x.length / output.weight.columns, options});
}

// linearMany(x, [{weight, bias, y, lowRank}], options)
void callLinearMany(const Arguments& a, napi_value*) {
  const Kept x = a.kept(0, "x");
  const ProductOptions options = readProductOptions(a, a.value(2));
  std::vector<LinearOutput> outputs;
  std::vector<Array<float>> targets;
  a.forElements(1, "outputs", [&](napi_value element) {
    a.expectObject(element, "an output");
    Array<float> y;
    outputs.push_back(readLinearOutput(a, x, a.field(element, "weight"), a.field(element, "bias"), a.field(element, "y"),
                                       a.field(element, "lowRank"), y));
    if (outputs.back().weight.columns != outputs.front().weight.columns) {
      a.failRange("expected weights with " + std::to_string(outputs.front().weight.columns) + " inputs, got one with " +
                  std::to_string(outputs.back().weight.columns));
    }
    for (const auto& other : targets) a.expectApart(y, other);
    targets.push_back(y);
  });
  if (outputs.empty()) return;
  a.kernels().linear({x.values(), outputs.data(), static_cast<std::int64_t>(outputs.size()),
                      x.length / outputs.front().weight.columns, options});
}

// linearInputGradient(dy, weight, dx, options)
void callLinearInputGradient(const Arguments& a, napi_value*) {
  const Kept dy = a.kept(0, "dy");
  const auto w = readWeight(a, a.value(1), "weight");
  const auto dx = a.array<float>(2, "dx");
  const ProductOptions options = readProductOptions(a, a.value(3));
  const std::int64_t rows = a.rowsOf(dy, w.weight.rows, "[N, O]");
  a.expectLength(dx, rows * w.weight.columns, "[N, I]");
  const auto update = readLowRank(a, lowRankOf(a, a.value(3)), rows, w.weight.columns, "[rank, I]");
  a.expectApart(dx, dy);
  a.expectApart(dx, w.codes);
  a.expectApart(dx, update.left);
  a.expectApart(dx, update.right);
  a.kernels().linearInputGradient({dy.values(), w.weight, dx.data, update.lowRank, rows, options});
}

// gemm(a, b, c, {m, n, k, transposeA, transposeB, alpha, accumulate})
void callGemm(const Arguments& a, napi_value*) {
  const auto left = a.array<float>(0, "a");
  const auto right = a.array<float>(1, "b");
  const auto c = a.array<float>(2, "c");
  const napi_value shape = a.value(3);
  a.expectObject(shape, "shape");
  Gemm gemm;
  gemm.m = a.integer(a.field(shape, "m"), "m", 0, INT_MAX);
  gemm.n = a.integer(a.field(shape, "n"), "n", 0, INT_MAX);
  gemm.k = a.integer(a.field(shape, "k"), "k", 0, INT_MAX);
  gemm.transposeA = a.flag(shape, "transposeA");
  gemm.transposeB = a.flag(shape, "transposeB");
  const ProductOptions options = readProductOptions(a, shape);
  a.expectLength(left, gemm.m * gemm.k, gemm.transposeA ? "[k, m]" : "[m, k]");
  a.expectLength(right, gemm.k * gemm.n, gemm.transposeB ? "[n, k]" : "[k, n]");
  a.expectLength(c, gemm.m * gemm.n, "[m, n]");
  a.expectApart(c, left);
  a.expectApart(c, right);
  gemm.a = left.data;
  gemm.b = right.data;
  gemm.c = c.data;
  gemm.alpha = options.alpha;
  gemm.accumulate = options.accumulate;
  a.kernels().gemm(gemm);
}

}  // namespace lathe
