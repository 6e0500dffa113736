#include "readers.h"

#include <climits>
#include <cmath>
#include <cstring>

namespace lathe {

void expectFinite(const Arguments& a, const Array<float>& values) {
  // Looked at with every product: two at a time, and for the first wrong one only where there is one.
  constexpr std::uint64_t exponents = 0x7f8000007f800000u, one = 0x0080000000800000u, carry = 0x8000000080000000u;
  std::uint64_t found = 0;
  const std::int64_t pairs = values.length / 2;
  for (std::int64_t i = 0; i < pairs; i++) {
    std::uint64_t bits;
    std::memcpy(&bits, values.data + 2 * i, sizeof bits);
    found |= (bits & exponents) + one;
  }
  if ((found & carry) == 0 && (values.length % 2 == 0 || std::isfinite(values.data[values.length - 1]))) return;
  for (std::int64_t i = 0; i < values.length; i++) {
    if (!std::isfinite(values.data[i])) {
      a.failRange(std::string("expected finite ") + values.name + ", got " + number(static_cast<double>(values.data[i])) +
                  " at " + std::to_string(i));
    }
  }
}

// The scales of nf4: one float32 a block, or quantised themselves.
static void readNf4Scales(const Arguments& a, napi_value object, Weight& weight) {
  const std::int64_t blocks = weight.rows * ((weight.columns + kNf4Block - 1) / kNf4Block);
  const napi_value scales = a.field(object, "scales");
  const napi_value nested = a.field(object, "nested");
  if (!a.isNull(scales)) {
    const auto array = a.array<float>(scales, "scales of a weight");
    a.expectLength(array, blocks, "[O * ceil(I / 64)]");
    expectFinite(a, array);
    weight.scales = array.data;
    return;
  }
  if (a.isNull(nested)) a.failRange("expected the scales of a weight in nf4 or their nested form, got neither");
  a.expectObject(nested, "the nested scales of a weight");
  const auto codes = a.array<std::uint8_t>(a.field(nested, "codes"), "codes of the nested scales");
  const auto groups = a.array<float>(a.field(nested, "scales"), "scales of the nested scales");
  const auto map = a.array<float>(a.field(nested, "map"), "map of the nested scales");
  weight.scaleOffset = a.finiteFloat(a.field(nested, "offset"), "the offset of the nested scales");
  a.expectLength(codes, blocks, "[O * ceil(I / 64)]");
  a.expectLength(groups, (blocks + kNf4ScaleGroup - 1) / kNf4ScaleGroup, "one for 256 codes");
  a.expectLength(map, 256, "one for each code");
  expectFinite(a, groups);
  expectFinite(a, map);
  weight.scaleCodes = codes.data;
  weight.groupScales = groups.data;
  weight.scaleMap = map.data;
}

// The scales of 8-bit floats: one float32 a block of a row.
static void readFp8Scales(const Arguments& a, napi_value object, Weight& weight) {
  const auto scales = a.array<float>(a.field(object, "scales"), "scales of a weight");
  a.expectLength(scales, weight.rows * ((weight.columns + kFp8Block - 1) / kFp8Block), "[O * ceil(I / 128)]");
  expectFinite(a, scales);
  weight.scales = scales.data;
}

WeightArgument readWeight(const Arguments& a, napi_value object, const char* name) {
  a.expectObject(object, name);
  const std::string of = std::string(" of ") + name;
  const std::string format = a.text(a.field(object, "format"), "the format" + of);
  const napi_value shape = a.field(object, "shape");
  bool isArray = false;
  a.check(napi_is_array(a.env(), shape, &isArray));
  std::uint32_t axes = 0;
  if (isArray) a.check(napi_get_array_length(a.env(), shape, &axes));
  if (axes != 2) a.fail(true, "expected the shape" + of + " to be [O, I], got " + a.describe(shape));
  WeightArgument result = {};
  std::int64_t sizes[2];
  for (std::uint32_t axis = 0; axis < 2; axis++) {
    sizes[axis] = a.integer(a.element(shape, axis), "a size in the shape" + of, 1, INT_MAX);
  }
  Weight& weight = result.weight;
  weight.rows = sizes[0];
  weight.columns = sizes[1];
  const napi_value codes = a.field(object, "codes");
  const auto take = [&](auto type, Format as, std::int64_t codesInRow) {
    using Code = decltype(type);
    const Array<Code> array = a.array<Code>(codes, "the codes of a weight");
    a.expectLength(array, weight.rows * codesInRow,
                   "[" + std::to_string(weight.rows) + ", " + std::to_string(codesInRow) + "]");
    weight.format = as;
    weight.codes = array.data;
    result.codes = {"the codes of a weight", reinterpret_cast<char*>(array.data),
                    array.length * static_cast<std::int64_t>(sizeof(Code))};
  };
  if (format == "fp32") take(float(), Format::fp32, weight.columns);
  else if (format == "bf16") take(std::uint16_t(), Format::bf16, weight.columns);
  else if (format == "fp16") take(std::uint16_t(), Format::fp16, weight.columns);
  else if (format == "int8") take(std::int8_t(), Format::int8, weight.columns);
  else if (format == "nf4") take(std::uint8_t(), Format::nf4, (weight.columns + 1) / 2);
  else if (format == "fp8") take(std::uint8_t(), Format::fp8, weight.columns);
  else a.failRange("expected the format" + of + " to be fp32, bf16, fp16, int8, nf4 or fp8, got \"" + format + "\"");
  if (weight.format == Format::nf4 || weight.format == Format::fp8) {
    (weight.format == Format::nf4 ? readNf4Scales : readFp8Scales)(a, object, weight);
    return result;
  }
  const napi_value scales = a.field(object, "scales");
  if (weight.format == Format::int8) {
    const Array<float> array = a.array<float>(scales, "scales of a weight");
    a.expectLength(array, weight.rows, "[O]");
    expectFinite(a, array);
    weight.scales = array.data;
  } else if (!a.isNull(scales)) {
    a.failRange("expected no scales with the format " + format);
  }
  return result;
}

static constexpr float kOutlierRatio = 6;  // as the threshold of LLM.int8(), for activations of root mean square 1

Precision readPrecision(const Arguments& a, napi_value object) {
  const napi_value precision = a.field(object, "precision");
  if (a.isNull(precision)) return Precision::fp32;
  const std::string name = a.text(precision, "precision");
  if (name == "bf16") return Precision::bf16;
  if (name == "int8") return Precision::int8;
  if (name != "fp32") a.failRange("expected precision fp32, bf16 or int8, got \"" + name + "\"");
  return Precision::fp32;
}

ProductOptions readProductOptions(const Arguments& a, napi_value object) {
  ProductOptions options = {1.0f, false, Precision::fp32, kOutlierRatio};
  if (a.isNull(object)) return options;
  a.expectObject(object, "options");
  const napi_value alpha = a.field(object, "alpha");
  if (!a.isNull(alpha)) options.alpha = a.finiteFloat(alpha, "alpha");
  options.accumulate = a.flag(object, "accumulate");
  options.precision = readPrecision(a, object);
  const napi_value ratio = a.field(object, "outlierRatio");
  if (!a.isNull(ratio)) {
    const double value = a.numberAt(ratio, "outlierRatio");
    if (!(value > 0)) a.failRange("expected outlierRatio above 0, got " + number(value));
    options.outlierRatio = static_cast<float>(value);
  }
  return options;
}

LowRankArgument readLowRank(const Arguments& a, napi_value object, std::int64_t rows, std::int64_t width,
                            const char* rightShape) {
  LowRankArgument result = {};
  if (a.isNull(object)) return result;
  a.expectObject(object, "lowRank");
  result.lowRank.rank = a.integer(a.field(object, "rank"), "the rank of lowRank", 1, 65536);
  result.lowRank.scale = a.finiteFloat(a.field(object, "scale"), "the scale of lowRank");
  result.left = a.array<float>(a.field(object, "left"), "left of lowRank");
  result.right = a.array<float>(a.field(object, "right"), "right of lowRank");
  a.expectLength(result.left, rows * result.lowRank.rank, "[N, rank]");
  a.expectLength(result.right, width * result.lowRank.rank, rightShape);
  result.lowRank.left = result.left.data;
  result.lowRank.right = result.right.data;
  return result;
}

void expectIds(const Arguments& a, const Array<std::int32_t>& ids, std::int64_t below) {
  for (std::int64_t n = 0; n < ids.length; n++) {
    if (ids.data[n] < 0 || ids.data[n] >= below) {
      a.failRange(std::string("expected ") + ids.name + " from 0 to " + std::to_string(below - 1) + ", got " +
                  std::to_string(ids.data[n]) + " at " + std::to_string(n));
    }
  }
}

napi_value lowRankOf(const Arguments& a, napi_value options) {
  return a.isNull(options) ? options : a.field(options, "lowRank");
}

}  // namespace lathe
