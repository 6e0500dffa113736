// To fewer bits and back.
#include "entries.h"
#include "readers.h"

namespace lathe {

// toBf16(x, codes)
void callToBf16(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto codes = a.array<std::uint16_t>(1, "codes");
  a.expectLength(codes, x.length, "like x");
  a.expectApart(codes, x);
  a.kernels().toBf16(x.data, codes.data, x.length);
}

// fromBf16(codes, x)
void callFromBf16(const Arguments& a, napi_value*) {
  const auto codes = a.array<std::uint16_t>(0, "codes");
  const auto x = a.array<float>(1, "x");
  a.expectLength(x, codes.length, "like codes");
  a.expectApart(x, codes);
  a.kernels().fromBf16(codes.data, x.data, x.length);
}

// toInt8Rows(x, codes, scales)
void callToInt8Rows(const Arguments& a, napi_value*) {
  const auto x = a.array<float>(0, "x");
  const auto codes = a.array<std::int8_t>(1, "codes");
  const auto scales = a.array<float>(2, "scales");
  a.expectLength(codes, x.length, "like x");
  if (scales.length == 0 ? x.length != 0 : x.length % scales.length != 0) {
    a.failRange("expected x [N, width] in " + std::to_string(scales.length) + " rows, got " + std::to_string(x.length) +
                " elements");
  }
  a.expectApart(codes, x);
  a.expectApart(scales, x);
  a.expectApart(scales, codes);
  if (x.length == 0) return;
  a.kernels().toInt8Rows({x.data, codes.data, scales.data, scales.length, x.length / scales.length});
}

// toInt8Weights(source, codes, scales)
void callToInt8Weights(const Arguments& a, napi_value*) {
  const auto source = readWeight(a, a.value(0), "source");
  const auto codes = a.array<std::int8_t>(1, "codes");
  const auto scales = a.array<float>(2, "scales");
  const Weight& weight = source.weight;
  if (weight.scales != nullptr || weight.scaleCodes != nullptr) {
    a.failRange("expected a source in fp32, bf16 or fp16, got one that is packed");
  }
  a.expectLength(codes, weight.rows * weight.columns, "[O, I]");
  a.expectLength(scales, weight.rows, "[O]");
  a.expectApart(codes, source.codes);
  a.expectApart(scales, source.codes);
  a.expectApart(scales, codes);
  a.kernels().toInt8Weights(weight, codes.data, scales.data);
}

// fromFp8Blocks(codes, columns, firstRow, scales, out)
void callFromFp8Blocks(const Arguments& a, napi_value*) {
  const auto codes = a.array<std::uint8_t>(0, "codes");
  const std::int64_t columns = a.integer(1, "columns", 1, INT32_MAX);
  const std::int64_t firstRow = a.integer(2, "firstRow", 0, INT32_MAX);
  const auto scales = a.array<float>(3, "scales");
  const auto out = a.array<std::uint16_t>(4, "out");
  if (codes.length % columns != 0) {
    a.failRange("expected codes in whole rows of " + std::to_string(columns) + " elements, got " +
                std::to_string(codes.length));
  }
  a.expectLength(out, codes.length, "like codes");
  a.expectApart(out, codes);
  a.expectApart(out, scales);
  if (codes.length == 0) return;
  const std::int64_t rows = codes.length / columns;
  const std::int64_t scalesInRow = (columns + kFp8Block - 1) / kFp8Block;
  const std::int64_t wanted = (firstRow + rows + kFp8Block - 1) / kFp8Block * scalesInRow;
  if (scales.length < wanted) {
    a.failRange("expected at least " + std::to_string(wanted) + " scales, one a block of " + std::to_string(kFp8Block) +
                " rows and columns, got " + std::to_string(scales.length));
  }
  a.kernels().fromFp8Blocks({codes.data, scales.data, firstRow, rows, columns}, out.data);
}

}  // namespace lathe
