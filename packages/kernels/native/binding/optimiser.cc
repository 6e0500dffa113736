// The optimiser, and the sum of squares that clipping needs.
#include "entries.h"
#include "readers.h"

#include <vector>

namespace lathe {

namespace {

// {learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale}
AdamW readAdamW(const Arguments& a, napi_value object) {
  a.expectObject(object, "config");
  AdamW config;
  config.learningRate = a.finite(a.field(object, "learningRate"), "learningRate");
  config.beta1 = a.notNegative(a.field(object, "beta1"), "beta1");
  config.beta2 = a.notNegative(a.field(object, "beta2"), "beta2");
  config.epsilon = a.notNegative(a.field(object, "epsilon"), "epsilon");
  config.weightDecay = a.finite(a.field(object, "weightDecay"), "weightDecay");
  config.step = a.integer(a.field(object, "step"), "step", 1);
  const napi_value gradientScale = a.field(object, "gradientScale");
  config.gradientScale = a.isNull(gradientScale) ? 1 : a.finite(gradientScale, "gradientScale");
  if (config.beta1 >= 1) a.failRange("expected beta1 in [0, 1), got " + number(config.beta1));
  if (config.beta2 >= 1) a.failRange("expected beta2 in [0, 1), got " + number(config.beta2));
  return config;
}

struct ParameterArgument {
  Array<float> parameter, gradient;
};

// The fields `parameter` and `gradient`, of one length.
ParameterArgument readParameter(const Arguments& a, napi_value element) {
  a.expectObject(element, "a tensor");
  const ParameterArgument read = {a.array<float>(a.field(element, "parameter"), "parameter"),
                                  a.array<float>(a.field(element, "gradient"), "gradient")};
  a.expectLength(read.gradient, read.parameter.length, "like parameter");
  a.expectApart(read.parameter, read.gradient);
  return read;
}

// What a tensor's step writes besides the parameter overlaps neither that nor the gradient.
template <class Elements>
void expectApartFrom(const Arguments& a, const ParameterArgument& read, const Elements& state) {
  a.expectApart(read.parameter, state);
  a.expectApart(state, read.gradient);
}

struct PackedMomentArgument {
  Array<std::uint8_t> codes;
  Array<float> scales;
};

// {codes, scales} of a parameter of so many elements
PackedMomentArgument readPackedMoment(const Arguments& a, napi_value object, const char* name, std::int64_t length) {
  a.expectObject(object, name);
  const PackedMomentArgument moment = {a.array<std::uint8_t>(a.field(object, "codes"), "codes"),
                                       a.array<float>(a.field(object, "scales"), "scales")};
  a.expectLength(moment.codes, length, "like parameter");
  a.expectLength(moment.scales, (length + kMomentBlock - 1) / kMomentBlock, "[blocks]");
  a.expectApart(moment.codes, moment.scales);
  return moment;
}

// {values [256], middles [256], starts [65536]}
DynamicCode readCode(const Arguments& a, napi_value object, const char* name) {
  a.expectObject(object, name);
  const auto values = a.array<float>(a.field(object, "values"), "values");
  const auto middles = a.array<float>(a.field(object, "middles"), "middles");
  const auto starts = a.array<std::uint8_t>(a.field(object, "starts"), "starts");
  a.expectLength(values, 256, "[256]");
  a.expectLength(middles, 256, "[256]");
  a.expectLength(starts, 65536, "[65536]");
  return {values.data, middles.data, starts.data};
}

}  // namespace

// adamW([{parameter, gradient, first, second}], {learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale})
void callAdamW(const Arguments& a, napi_value*) {
  const AdamW config = readAdamW(a, a.value(1));
  std::vector<AdamWTensor> tensors;
  a.forElements(0, "tensors", [&](napi_value element) {
    const ParameterArgument read = readParameter(a, element);
    const auto first = a.array<float>(a.field(element, "first"), "first");
    const auto second = a.array<float>(a.field(element, "second"), "second");
    for (const auto& moment : {first, second}) {
      a.expectLength(moment, read.parameter.length, "like parameter");
      expectApartFrom(a, read, moment);
    }
    a.expectApart(first, second);
    tensors.push_back({read.parameter.data, read.gradient.data, first.data, second.data, read.parameter.length});
  });
  a.kernels().adamW(tensors.data(), static_cast<std::int64_t>(tensors.size()), config);
}

// adamW8bit([{parameter, gradient, first: {codes, scales}, second: {codes, scales}}], config of adamW, {first, second}: the codes)
void callAdamW8bit(const Arguments& a, napi_value*) {
  AdamW8bit config;
  config.step = readAdamW(a, a.value(1));
  a.expectObject(a.value(2), "codes");
  config.first = readCode(a, a.field(a.value(2), "first"), "first");
  config.second = readCode(a, a.field(a.value(2), "second"), "second");
  std::vector<AdamW8bitTensor> tensors;
  a.forElements(0, "tensors", [&](napi_value element) {
    const ParameterArgument read = readParameter(a, element);
    const std::int64_t length = read.parameter.length;
    const auto first = readPackedMoment(a, a.field(element, "first"), "first", length);
    const auto second = readPackedMoment(a, a.field(element, "second"), "second", length);
    for (const auto& moment : {first, second}) {
      expectApartFrom(a, read, moment.codes);
      expectApartFrom(a, read, moment.scales);
    }
    a.expectApart(first.codes, second.codes);
    a.expectApart(first.codes, second.scales);
    a.expectApart(first.scales, second.codes);
    a.expectApart(first.scales, second.scales);
    tensors.push_back({read.parameter.data,
                       read.gradient.data,
                       {first.codes.data, first.scales.data},
                       {second.codes.data, second.scales.data},
                       length});
  });
  a.kernels().adamW8bit(tensors.data(), static_cast<std::int64_t>(tensors.size()), config);
}

// adafactor([{parameter, gradient, matrices, rowMoments or null, columnMoments}], {learningRate, weightDecay, gradientScale, kept})
void callAdafactor(const Arguments& a, napi_value*) {
  const napi_value object = a.value(1);
  a.expectObject(object, "config");
  Adafactor config;
  config.learningRate = a.finite(a.field(object, "learningRate"), "learningRate");
  config.weightDecay = a.finite(a.field(object, "weightDecay"), "weightDecay");
  const napi_value gradientScale = a.field(object, "gradientScale");
  config.gradientScale = a.isNull(gradientScale) ? 1 : a.finite(gradientScale, "gradientScale");
  config.kept = a.notNegative(a.field(object, "kept"), "kept");
  if (config.kept >= 1) a.failRange("expected kept in [0, 1), got " + number(config.kept));
  std::vector<AdafactorTensor> tensors;
  a.forElements(0, "tensors", [&](napi_value element) {
    const ParameterArgument read = readParameter(a, element);
    const std::int64_t length = read.parameter.length;
    const auto columns = a.array<float>(a.field(element, "columnMoments"), "columnMoments");
    expectApartFrom(a, read, columns);
    const napi_value rowMoments = a.field(element, "rowMoments");
    if (a.isNull(rowMoments)) {
      a.expectLength(columns, length, "like parameter");
      tensors.push_back({read.parameter.data, read.gradient.data, nullptr, columns.data, 1, 1, length});
      return;
    }
    const auto rows = a.array<float>(rowMoments, "rowMoments");
    expectApartFrom(a, read, rows);
    a.expectApart(rows, columns);
    const std::int64_t matrices = a.integer(a.field(element, "matrices"), "matrices", 1);
    const std::int64_t width = a.rowsOf(columns, matrices, "[columns, matrices]");
    const std::int64_t height = a.rowsOf(rows, matrices, "[rows, matrices]");
    a.expectLength(read.parameter, matrices * height * width, "[matrices, rows, columns]");
    tensors.push_back({read.parameter.data, read.gradient.data, rows.data, columns.data, matrices, height, width});
  });
  a.kernels().adafactor(tensors.data(), static_cast<std::int64_t>(tensors.size()), config);
}

// sumOfSquares([tensor]) -> number
void callSumOfSquares(const Arguments& a, napi_value* result) {
  std::vector<Span> spans;
  a.forElements(0, "tensors", [&](napi_value element) {
    const auto tensor = a.array<float>(element, "a tensor");
    spans.push_back({tensor.data, tensor.length});
  });
  a.check(napi_create_double(a.env(), a.kernels().sumOfSquares(spans.data(), static_cast<std::int64_t>(spans.size())), result));
}

}  // namespace lathe
