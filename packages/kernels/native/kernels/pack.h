// Operands to the panels that tiles read: rows of a in panels of Steps::panelRows, columns of b in panels of NR.
//
// A panel holds its steps of depth one after the other; depth is padded with zeros to whole steps, and to whole groups of
// them. For tile registers a panel of a holds tiles of 16 rows x 16 steps, row by row. In panels of integers two rows follow
// the steps: the compensations of the columns (see Int8Steps), and their scales.
#pragma once

#include "interleave.h"
#include "tile.h"
#include "widen.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr int kChunk = 64;  // steps that are converted before they are interleaved: a chunk of NR rows stays in the L1 cache

constexpr float kLeastMagnitude = 1e-30f;  // rows below it become zeros in 8 bits: their scale has no float32 reciprocal
constexpr float kInt8LargestWeight = 127.0f;
constexpr std::int64_t kIntegerTail = 2;   // rows behind the steps of a panel of integers

// Steps of so much depth, in whole groups.
template <class Steps>
LATHE_INLINE std::int64_t stepsOf(std::int64_t depth) {
  return ceilDivide(depth, Steps::depth * Steps::group) * Steps::group;
}

// To bfloat16 in the low half of each lane: nearest, ties to even; NaN stays NaN.
LATHE_INLINE I roundToBf16(F v) {
  const I bits = (I)v;
  const I rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const I isNumber = (I)(v == v);
  return ((isNumber & rounded) | (~isNumber & 0x7fc0)) & 0xffff;
}

LATHE_INLINE void storeHalves(std::uint16_t* to, I words) {
#if defined(LATHE_AVX512)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16((__m512i)words));
#elif defined(LATHE_AVX2)
  const __m256i packed = _mm256_packus_epi32((__m256i)words, (__m256i)words);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08)));
#else
  const HalfW halves = __builtin_convertvector((UnsignedW)words, HalfW);
  std::memcpy(to, &halves, sizeof halves);
#endif
}
// v rounded to bfloat16.
LATHE_INLINE void storeBf16(std::uint16_t* to, F v) {
#if defined(LATHE_AVX512BF16)
  const __m256bh halves = _mm512_cvtneps_pbh((__m512)v);
  std::memcpy(to, &halves, sizeof halves);
#else
  storeHalves(to, roundToBf16(v));
#endif
}
LATHE_INLINE void storeBf16UpTo(std::uint16_t* to, F v, std::int64_t count) {
  if (count >= W) return storeBf16(to, v);
  std::uint16_t lanes[W];
  storeBf16(lanes, v);
  std::memcpy(to, lanes, static_cast<std::size_t>(count) * sizeof lanes[0]);
}
// The lowest byte of each lane.
LATHE_INLINE void storeBytes(std::uint8_t* to, I words) {
#if defined(LATHE_AVX512)
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8((__m512i)words));
#elif defined(LATHE_AVX2)
  const __m256i lowest = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12));
  const __m256i picked = _mm256_shuffle_epi8((__m256i)words, lowest);
  const __m128i joined = _mm_unpacklo_epi32(_mm256_castsi256_si128(picked), _mm256_extracti128_si256(picked, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), joined);
#else
  typedef std::uint8_t UnsignedByteW __attribute__((vector_size(W)));
  const UnsignedByteW bytes = __builtin_convertvector((UnsignedW)words, UnsignedByteW);
  std::memcpy(to, &bytes, sizeof bytes);
#endif
}

// To the nearest whole number, ties to even, for magnitudes below 2^22.
LATHE_INLINE I roundToInteger(F v) {
#if defined(LATHE_AVX512)
  return (I)_mm512_cvtps_epi32((__m512)v);
#elif defined(LATHE_AVX2)
  return (I)_mm256_cvtps_epi32((__m256)v);
#else
  const F shift = splat(12582912.0f);
  return (I)(v + shift) - splatInt(0x4b400000);
#endif
}

template <class Type>
constexpr bool kIsNf4 = false;
template <>
constexpr bool kIsNf4<Nf4> = true;

// Bytes of a part of a row of weights.
template <class Type>
LATHE_INLINE std::int64_t bytesOfCodes(std::int64_t columns) {
  return kIsNf4<Type> ? columns / 2 : columns * static_cast<std::int64_t>(sizeof(typename Type::Code));
}
constexpr std::int64_t kRowsFetched = 16;  // rows of weights that are asked for before they are needed

// Steps of two bfloat16, the first in the low half; numbers that are exact in it need no rounding.
template <bool isRounded>
LATHE_INLINE F pairOfBf16(F first, F second) {
  if constexpr (!isRounded) return (F)((I)((UnsignedW)first >> 16) | ((I)second & splatInt(-65536)));
#if defined(LATHE_AVX512BF16)
  const auto words = [](F v) __attribute__((always_inline)) {
    return _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)v));
  };
  return (F)_mm512_or_si512(words(first), _mm512_slli_epi32(words(second), 16));
#else
  return (F)(roundToBf16(first) | (roundToBf16(second) << 16));
#endif
}

// Whether weights of a format are bfloat16 numbers, scales left out.
template <class Type>
constexpr bool kIsExactInBf16 = false;
template <>
constexpr bool kIsExactInBf16<Bf16> = true;
template <>
constexpr bool kIsExactInBf16<Int8> = true;

template <class Type>
constexpr bool kIsBf16 = false;
template <>
constexpr bool kIsBf16<Bf16> = true;

template <class Type>
constexpr bool kIsInt8 = false;
template <>
constexpr bool kIsInt8<Int8> = true;

// Stores W activations, from depth i on, in the type of the steps: float32, bfloat16 or small integers. May write up to W elements
// past the last one.
template <class Steps>
LATHE_INLINE void storeStep(float* to, std::int64_t i, F v) {
  if constexpr (Steps::isInteger) {
    const I whole = roundToInteger(v);
    // Bytes are stored with an offset, without sign. It is added after rounding, because it would change what ties round to.
    if constexpr (Steps::depth == 4) storeBytes(reinterpret_cast<std::uint8_t*>(to) + i, whole + kInt8Offset);
    else storeHalves(reinterpret_cast<std::uint16_t*>(to) + i, whole & 0xffff);
  } else if constexpr (Steps::depth == 2) {
    storeBf16(reinterpret_cast<std::uint16_t*>(to) + i, v);
  } else {
    store(to + i, v);
  }
}

// Stores W weights, from depth i on, in the type of the steps, and rounds those that are not exact in it.
template <class Steps, class Type>
LATHE_INLINE void storeWeightStep(float* to, std::int64_t i, F v) {
  if constexpr (Steps::depth == 2 && !Steps::isInteger && kIsExactInBf16<Type>) {
    storeHalves(reinterpret_cast<std::uint16_t*>(to) + i, (I)((UnsignedW)v >> 16));  // exact: nothing to round
  } else {
    storeStep<Steps>(to, i, v);
  }
}

// Stores W weights that are whole numbers of at most kInt8LargestWeight, with their sign.
template <class Steps>
LATHE_INLINE void storeWholeWeights(float* to, std::int64_t i, I whole) {
  if constexpr (Steps::depth == 4) storeBytes(reinterpret_cast<std::uint8_t*>(to) + i, whole & 0xff);
  else storeHalves(reinterpret_cast<std::uint16_t*>(to) + i, whole & 0xffff);
}

// Rows of activations in float32 or bfloat16: element (r, k) at r * row + k * step, one of the two distances 1; `step` is 1 for
// bfloat16.
struct Activations {
  Format format;
  const void* values;
  std::int64_t row, step;

  Activations from(std::int64_t r, std::int64_t k) const {
    const std::int64_t bytes = (r * row + k * step) * (format == Format::bf16 ? 2 : 4);
    return {format, static_cast<const char*>(values) + bytes, row, step};
  }
  float at(std::int64_t r, std::int64_t k) const {
    const void* const element = from(r, k).values;
    float value = 0;
    if (format == Format::bf16) std::memcpy(reinterpret_cast<char*>(&value) + 2, element, 2);
    else std::memcpy(&value, element, 4);
    return value;
  }
};
LATHE_INLINE Activations rowsOf(const float* values, std::int64_t row) { return {Format::fp32, values, row, 1}; }

// What a row of activations is multiplied by before it is converted.
struct RowConversion {
  const float* depthScale;        // [depth] or nullptr
  const std::int32_t* keeps;      // [depth, and up to a whole vector] or nullptr: where it is 0, they become 0
  float factor;                   // for integers: 1 / scale of the row
  bool isDithered;                // for integers
  std::uint32_t ditherStart;
};

// What is added to W numbers of a row from i on before they are rounded, so that one a quarter above a whole number goes up one
// time in four: numbers in (-1/2, 1/2), spread evenly over a row by the golden ratio (a Weyl sequence).
constexpr std::uint32_t kGoldenRatio = 0x9e3779b9;   // of 2^32
constexpr std::uint32_t kDitherOfRows = 0x85ebca6b;  // between the starts of two rows
LATHE_INLINE F ditherAt(std::uint32_t start, std::int64_t i) {
  UnsignedW places;
  for (int lane = 0; lane < W; lane++) places[lane] = static_cast<std::uint32_t>(lane) * kGoldenRatio;
  const UnsignedW at = places + (start + static_cast<std::uint32_t>(i) * kGoldenRatio);
  return __builtin_convertvector((I)at, F) * splat(0.999f / 4294967296.0f);
}

// `to`: `count` activations from x on as steps want them
template <class Steps, class Type>
LATHE_INLINE void convertActivations(const typename Type::Code* x, std::int64_t from, std::int64_t count,
                                     const RowConversion& conversion, float* to) {
  const bool isCopied = kIsBf16<Type> && Steps::depth == 2 && !Steps::isInteger && conversion.depthScale == nullptr;
  if (isCopied) std::memcpy(to, x + from, static_cast<std::size_t>(count) * sizeof x[0]);
  for (std::int64_t i = 0; i < count && !isCopied; i += W) {
    const std::int64_t n = smaller(W, count - i);
    F v = widenUpTo<Type>(x + from + i, n);
    if (conversion.depthScale != nullptr) v = v * loadUpTo(conversion.depthScale + from + i, n);
    if constexpr (Steps::isInteger) {
      v = v * splat(conversion.factor);
      if (conversion.keeps != nullptr) v = (F)((I)v & loadInts(conversion.keeps + from + i));
      if (conversion.isDithered) v = v + ditherAt(conversion.ditherStart, from + i);
    }
    storeStep<Steps>(to, i, v);
  }
  if constexpr (Steps::depth == 2) {
    if (count % 2 != 0) reinterpret_cast<std::uint16_t*>(to)[count] = 0;
  } else if constexpr (Steps::depth == 4) {
    for (std::int64_t i = count; i % 4 != 0; i++) reinterpret_cast<std::uint8_t*>(to)[i] = 0;
  }
}

template <class Steps, class Type>
static void packActivationsAs(const typename Type::Code* x, std::int64_t row, std::int64_t rows, std::int64_t depth,
                              const RowConversion* conversions, float* panel) {
#if defined(LATHE_TILE_REGISTERS)
  if constexpr (Steps::isTiled) {
    // A row's part of a tile is a cache line. Rows are read some lines at a time, as the hardware foresees it.
    constexpr std::int64_t perTile = kRegisterSteps * Steps::depth;
    constexpr std::int64_t tilesAtOnce = 8;
    const std::int64_t whole = depth / perTile;
    for (std::int64_t first = 0; first < whole; first += tilesAtOnce) {
      const std::int64_t end = smaller(whole, first + tilesAtOnce);
      if (rows < kRegisterRows) {
        std::memset(panel + first * kRegisterFloats, 0, static_cast<std::size_t>((end - first) * kRegisterFloats) * sizeof(float));
      }
      for (std::int64_t r = 0; r < rows; r++) {
        float* const to = panel + r * kRegisterSteps;
        for (std::int64_t t = first; t < end; t++) {
          convertActivations<Steps, Type>(x + r * row, t * perTile, perTile, conversions[r], to + t * kRegisterFloats);
        }
      }
    }
    if (whole * perTile == depth) return;
    panel += whole * kRegisterFloats;
    std::memset(panel, 0, kRegisterFloats * sizeof(float));
    for (std::int64_t r = 0; r < rows; r++) {
      convertActivations<Steps, Type>(x + r * row, whole * perTile, depth - whole * perTile, conversions[r],
                                      panel + r * kRegisterSteps);
    }
    return;
  }
#endif
  const float* pointers[MR];
  if constexpr (Steps::depth == 1 && !kIsBf16<Type>) {
    if (conversions[0].depthScale == nullptr) {
      for (int r = 0; r < MR; r++) pointers[r] = x + smaller(r, rows - 1) * row;
      interleave<MR>(pointers, depth, panel);
      return;
    }
  }
  alignas(64) float converted[MR][kChunk + W];
  for (int r = 0; r < MR; r++) pointers[r] = converted[smaller(r, rows - 1)];
  constexpr std::int64_t perChunk = kChunk * Steps::depth;
  for (std::int64_t k = 0; k < depth; k += perChunk) {
    const std::int64_t count = smaller(perChunk, depth - k);
    for (std::int64_t r = 0; r < rows; r++) {
      convertActivations<Steps, Type>(x + r * row, k, count, conversions[r], converted[r]);
    }
    interleave<MR>(pointers, ceilDivide(count, Steps::depth), panel + k / Steps::depth * MR);
  }
}

// A panel of up to Steps::panelRows rows of activations, `a.step` 1, over the whole depth
template <class Steps>
static void packActivations(const Activations& a, std::int64_t rows, std::int64_t depth, const RowConversion* conversions,
                            float* panel) {
  withKept(a.format, [&](auto type) {
    using Type = decltype(type);
    packActivationsAs<Steps, Type>(static_cast<const typename Type::Code*>(a.values), a.row, rows, depth, conversions, panel);
  });
}

// panel [depth, MR] of `rows` <= MR rows of a transposed matrix: element (r, k) at a[k * row + r]
LATHE_INLINE void packTransposedRows(const float* a, std::int64_t row, std::int64_t rows, std::int64_t depth, float* panel) {
  for (std::int64_t k = 0; k < depth; k++) {
    for (std::int64_t r = 0; r < MR; r++) panel[k * MR + r] = a[k * row + smaller(r, rows - 1)];
  }
}

// largest [NR]: the largest magnitudes of the columns of a panel over its depth, NaN where a weight is not finite. A panel is
// part of weight rows (x W^T) or of weight columns (dy W), as for packWeightRows and packWeightColumns.
template <class Type>
static void largestOfRows(const Weight& weight, std::int64_t first, std::int64_t columns, std::int64_t from,
                          std::int64_t depth, float* largest) {
  for (std::int64_t c = 0; c < NR; c++) {
    if (c >= columns) {
      largest[c] = 0.0f;
      continue;
    }
    const WeightRow<Type> row(weight, first + c);
    F most = {}, poison = {};
    for (std::int64_t k = 0; k < depth; k += W) {
      const F v = row.at(from + k, smaller(W, depth - k));
      most = maximum(magnitude(v), most);
      poison = poison + (v - v);
    }
    largest[c] = sumOf(poison) == 0 ? largestOf(most) : __builtin_nanf("");
  }
}
template <class Type>
static void largestOfColumns(const Weight& weight, std::int64_t first, std::int64_t columns, std::int64_t from,
                             std::int64_t depth, float* largest) {
  F most[NV] = {}, poison[NV] = {};
  for (std::int64_t k = 0; k < depth; k++) {
    const WeightRow<Type> row(weight, from + k);
    LATHE_UNROLL
    for (int v = 0; v < NV; v++) {
      if (columns <= v * W) continue;
      const F value = row.at(first + v * W, smaller(W, columns - v * W));
      most[v] = maximum(magnitude(value), most[v]);
      poison[v] = poison[v] + (value - value);
    }
  }
  LATHE_UNROLL
  for (int v = 0; v < NV; v++) store(largest + v * W, select((I)(poison[v] == F{}), most[v], poison[v]));
}

// panel [steps, NR] of a matrix whose rows are the columns of b (x W^T): weight rows from `first` on, `columns` <= NR of
// them, over depth [from, from + depth); `from` is a multiple of kChunk. For integers each column is multiplied by its
// factor and rounded; factors are nullptr where codes are integers themselves.
template <class Steps, class Type>
static void packWeightRows(const Weight& weight, std::int64_t first, std::int64_t columns, std::int64_t from,
                           std::int64_t depth, const float* factors, float* panel) {
  const float* pointers[NR];
  // Codes that are steps already are taken where they lie.
  constexpr bool areSteps = !Steps::isInteger && static_cast<int>(sizeof(typename Type::Code)) * Steps::depth == 4;
  if constexpr (areSteps) {
    const auto* codes = static_cast<const typename Type::Code*>(weight.codes);
    for (int c = 0; c < NR; c++) {
      pointers[c] = reinterpret_cast<const float*>(codes + (first + smaller(c, columns - 1)) * weight.columns + from);
    }
    const std::int64_t whole = depth / Steps::depth;
    interleave<NR>(pointers, whole, panel);
    if constexpr (Steps::depth == 2) {
      if (depth % 2 == 0) return;
      for (int c = 0; c < NR; c++) {
        const std::uint16_t last[2] = {codes[(first + smaller(c, columns - 1)) * weight.columns + from + depth - 1], 0};
        std::memcpy(panel + whole * NR + c, last, sizeof last);
      }
    }
  } else {
    alignas(64) float converted[NR][kChunk + W];
    for (int c = 0; c < NR; c++) pointers[c] = converted[smaller(c, columns - 1)];
    constexpr std::int64_t perChunk = kChunk * Steps::depth;
    for (std::int64_t k = 0; k < depth; k += perChunk) {
      const std::int64_t count = smaller(perChunk, depth - k);
      for (std::int64_t c = 0; c < columns; c++) {
        const WeightRow<Type> row(weight, first + c);
        float* const to = converted[c];
        if constexpr (Steps::isInteger && Steps::depth == 4 && kIsInt8<Type>) {
          std::memcpy(to, row.codes + from + k, static_cast<std::size_t>(count));
        } else if constexpr (Steps::isInteger) {
          const F factor = splat(factors == nullptr ? 1.0f : factors[c]);
          for (std::int64_t i = 0; i < count; i += W) {
            const F v = row.at(from + k + i, smaller(W, count - i));
            storeWholeWeights<Steps>(to, i, roundToInteger(v * factor));
          }
        } else {
          for (std::int64_t i = 0; i < count; i += W) {
            storeWeightStep<Steps, Type>(to, i, row.at(from + k + i, smaller(W, count - i)));
          }
        }
        if constexpr (Steps::depth > 1) {
          constexpr std::int64_t bytes = 4 / Steps::depth;
          for (std::int64_t i = count * bytes; i % 4 != 0; i++) reinterpret_cast<std::uint8_t*>(to)[i] = 0;
        }
      }
      interleave<NR>(pointers, ceilDivide(count, Steps::depth), panel + k / Steps::depth * NR);
    }
  }
}

// Four rows of bytes to steps: out[c] = the bytes of column c, row after row.
LATHE_INLINE void interleaveBytes(const std::int8_t* rows, std::int64_t row, float* out) {
  typedef std::int8_t Bytes __attribute__((vector_size(16)));
  typedef std::int16_t Pairs __attribute__((vector_size(16)));
  LATHE_UNROLL
  for (int c = 0; c < NR; c += 16) {
    Bytes r[4];
    LATHE_UNROLL
    for (int i = 0; i < 4; i++) std::memcpy(&r[i], rows + i * row + c, sizeof(Bytes));
    LATHE_UNROLL
    for (int half = 0; half < 2; half++) {
      const auto zip = [&](Bytes a, Bytes b) __attribute__((always_inline)) -> Pairs {
        return half == 0
                   ? (Pairs)__builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
                   : (Pairs)__builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      };
      const Pairs low = zip(r[0], r[1]);
      const Pairs high = zip(r[2], r[3]);
      const Pairs first = __builtin_shufflevector(low, high, 0, 8, 1, 9, 2, 10, 3, 11);
      const Pairs second = __builtin_shufflevector(low, high, 4, 12, 5, 13, 6, 14, 7, 15);
      std::memcpy(out + c + half * 8, &first, sizeof first);
      std::memcpy(out + c + half * 8 + 4, &second, sizeof second);
    }
  }
}

// panel [steps, NR] of a matrix whose rows are the depth of b (dy W): weight columns from `first` on, `columns` <= NR of
// them, over weight rows [from, from + depth); factors as above
template <class Steps, class Type>
static void packWeightColumns(const Weight& weight, std::int64_t first, std::int64_t columns, std::int64_t from,
                              std::int64_t depth, const float* factors, float* panel) {
  for (std::int64_t k = 0; k < depth; k += Steps::depth, panel += NR) {
    // Rows of a large matrix lie in pages of their own, which the hardware does not foresee.
    LATHE_UNROLL
    for (int i = 0; i < Steps::depth; i++) {
      if (k + i + kRowsFetched >= depth) continue;
      const auto* const codes = reinterpret_cast<const char*>(WeightRow<Type>(weight, from + k + i + kRowsFetched).codes);
      for (std::int64_t byte = 0; byte < bytesOfCodes<Type>(columns); byte += 64) {
        __builtin_prefetch(codes + bytesOfCodes<Type>(first) + byte);
      }
    }
    if constexpr (Steps::isInteger && Steps::depth == 4 && kIsInt8<Type>) {
      if (columns == NR && k + Steps::depth <= depth) {
        interleaveBytes(WeightRow<Type>(weight, from + k).codes + first, weight.columns, panel);
        continue;
      }
    }
    LATHE_UNROLL
    for (int v = 0; v < NV; v++) {
      const std::int64_t left = columns - v * W;
      const auto at = [&](std::int64_t depthIndex) __attribute__((always_inline)) -> F {
        if (left <= 0 || depthIndex >= depth) return F{};
        return WeightRow<Type>(weight, from + depthIndex).at(first + v * W, smaller(W, left));
      };
      if constexpr (Steps::depth == 1) {
        store(panel + v * W, at(k));
      } else if constexpr (Steps::isInteger) {
        constexpr int bits = 32 / Steps::depth;
        const F factor = factors == nullptr ? splat(1.0f) : load(factors + v * W);
        I step = {};
        LATHE_UNROLL
        for (int i = 0; i < Steps::depth; i++) {
          step |= (roundToInteger(at(k + i) * factor) & ((1 << bits) - 1)) << (bits * i);
        }
        store(panel + v * W, (F)step);
      } else {
        store(panel + v * W, pairOfBf16<!kIsExactInBf16<Type>>(at(k), at(k + 1)));
      }
    }
  }
}

// compensation [NR] = kInt8Offset times the sums of a panel's columns of bytes
LATHE_INLINE void compensate(const float* panel, std::int64_t steps, std::int32_t* compensation) {
  for (int v = 0; v < NV; v++) {
    I sum = {};
    for (std::int64_t step = 0; step < steps; step++) {
      const I quad = (I)load(panel + step * NR + v * W);
      sum += (quad >> 24) + ((quad << 8) >> 24) + ((quad << 16) >> 24) + ((quad << 24) >> 24);
    }
    storeInts(compensation + v * W, sum * kInt8Offset);
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
