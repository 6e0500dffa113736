// Losses of logits, and of an output head without logits.
#include "entries.h"
#include "readers.h"

namespace lathe {

// crossEntropyRows(logits, targets, losses, dLogits, gradientScale)
void callCrossEntropyRows(const Arguments& a, napi_value*) {
  const auto logits = a.array<float>(0, "logits");
  const auto targets = a.array<std::int32_t>(1, "targets");
  const auto losses = a.array<float>(2, "losses");
  const auto dLogits = a.arrayOrNull<float>(3, "dLogits");
  const float gradientScale = a.finiteFloat(4, "gradientScale");
  const std::int64_t rows = targets.length;
  a.expectLength(losses, rows, "[M]");
  if (rows == 0) {
    a.expectLength(logits, 0, "[M, V]");
    return;
  }
  if (logits.length == 0 || logits.length % rows != 0) {
    a.failRange("expected logits [M, V] in " + std::to_string(rows) + " rows, got " + std::to_string(logits.length) +
                " elements");
  }
  const std::int64_t vocabulary = logits.length / rows;
  if (dLogits) a.expectLength(dLogits, logits.length, "[M, V]");
  expectIds(a, targets, vocabulary);
  a.expectApart(dLogits, logits, true);
  a.expectApart(losses, logits);
  a.expectApart(losses, dLogits);
  a.expectApart(losses, targets);
  a.expectApart(dLogits, targets);
  a.kernels().crossEntropyRows({logits.data, targets.data, losses.data, dLogits.data, rows, vocabulary, gradientScale});
}

// headLosses(hidden, weight, bias, targets, losses, dHidden, workspace, options)
void callHeadLosses(const Arguments& a, napi_value*) {
  const auto hidden = a.array<float>(0, "hidden");
  const auto w = readWeight(a, a.value(1), "weight");
  const auto bias = a.arrayOrNull<float>(2, "bias");
  const auto targets = a.array<std::int32_t>(3, "targets");
  const auto losses = a.array<float>(4, "losses");
  const auto dHidden = a.arrayOrNull<float>(5, "dHidden");
  const Kept workspace = a.isNull(a.value(6)) ? Kept{"workspace", Format::bf16, nullptr, 0} : a.kept(6, "workspace");
  const ProductOptions options = readProductOptions(a, a.value(7));
  if (options.accumulate) a.failRange("expected no accumulate: losses are written anew");
  if (options.alpha != 1.0f) a.failRange("expected no alpha, got " + number(static_cast<double>(options.alpha)));
  const std::int64_t rows = a.rowsOf(hidden, w.weight.columns, "[N, h]");
  a.expectLength(targets, rows, "[N]");
  a.expectLength(losses, rows, "[N]");
  if (bias) a.expectLength(bias, w.weight.rows, "[V]");
  if (dHidden) a.expectLength(dHidden, hidden.length, "[N, h]");
  if (dHidden && !workspace) a.fail(true, "expected a workspace for dHidden, got " + a.describe(a.value(6)));
  const std::int64_t columns = workspace && rows > 0 ? a.rowsOf(workspace, rows, "[columns, N]") : 0;
  if (columns != w.weight.rows && (columns % kHeadBlock != 0 || (dHidden && rows > 0 && columns == 0))) {
    a.failRange("expected workspace [N, V] or [N, a multiple of " + std::to_string(kHeadBlock) + "], got " + std::to_string(columns) +
                " columns");
  }
  expectIds(a, targets, w.weight.rows);
  for (const auto& output : {losses, dHidden}) {
    a.expectApart(output, hidden);
    a.expectApart(output, w.codes);
    a.expectApart(output, bias);
    a.expectApart(output, targets);
    a.expectApart(output, workspace);
  }
  a.expectApart(losses, dHidden);
  for (const auto& input : {hidden, bias}) a.expectApart(workspace, input);
  a.expectApart(workspace, w.codes);
  a.expectApart(workspace, targets);
  a.kernels().headLosses({hidden.data, w.weight, bias.data, targets.data, losses.data, dHidden.data, workspace.values(), columns,
                          rows, options});
}

}  // namespace lathe
