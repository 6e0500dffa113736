// Arguments that several kernels have: weights, options of products, low-rank updates, ids.
#pragma once

#include "arguments.h"

namespace lathe {

struct WeightArgument {
  Weight weight;
  Array<char> codes;  // the bytes, for overlap checks
};

// {format, shape [O, I], codes, scales, nested}
WeightArgument readWeight(const Arguments& a, napi_value object, const char* name);

// The field `precision` of options or of a shape; fp32 where it is left out.
Precision readPrecision(const Arguments& a, napi_value object);

// {alpha, accumulate, precision, outlierRatio}, each with a default, or nothing
ProductOptions readProductOptions(const Arguments& a, napi_value object);

struct LowRankArgument {
  LowRank lowRank;
  Array<float> left, right;
};

// {left [N, rank], right, rank, scale}, or nothing. @param width of the product that it is added to
LowRankArgument readLowRank(const Arguments& a, napi_value object, std::int64_t rows, std::int64_t width,
                            const char* rightShape);

// The field `lowRank` of options, or nothing where there are none.
napi_value lowRankOf(const Arguments& a, napi_value options);

// Infinity and NaN are refused.
void expectFinite(const Arguments& a, const Array<float>& values);

// Ids from 0 to below - 1.
void expectIds(const Arguments& a, const Array<std::int32_t>& ids, std::int64_t below);

}  // namespace lathe
