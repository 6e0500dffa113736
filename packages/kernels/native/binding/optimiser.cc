// The optimiser, and the sum of squares that clipping needs.
#include "entries.h"
#include "readers.h"

#include <vector>

namespace lathe {

// adamW([{parameter, gradient, first, second}], {learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale})
void callAdamW(const Arguments& a, napi_value*) {
  const napi_value object = a.value(1);
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
  std::vector<AdamWTensor> tensors;
  a.forElements(0, "tensors", [&](napi_value element) {
    a.expectObject(element, "a tensor");
    const auto parameter = a.array<float>(a.field(element, "parameter"), "parameter");
    const auto gradient = a.array<float>(a.field(element, "gradient"), "gradient");
    const auto first = a.array<float>(a.field(element, "first"), "first");
    const auto second = a.array<float>(a.field(element, "second"), "second");
    a.expectLength(gradient, parameter.length, "like parameter");
    a.expectLength(first, parameter.length, "like parameter");
    a.expectLength(second, parameter.length, "like parameter");
    a.expectApart(parameter, gradient);
    a.expectApart(parameter, first);
    a.expectApart(parameter, second);
    a.expectApart(first, second);
    a.expectApart(first, gradient);
    a.expectApart(second, gradient);
    tensors.push_back({parameter.data, gradient.data, first.data, second.data, parameter.length});
  });
  a.kernels().adamW(tensors.data(), static_cast<std::int64_t>(tensors.size()), config);
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
