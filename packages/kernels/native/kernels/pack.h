// Operands to the panels that tiles read: rows of a in panels of Steps::panelRows, columns of b in panels of NR.
//
// A panel holds its steps of depth one after the other; depth is padded with zeros to whole steps, and to whole groups of
// them. For tile registers a panel of a holds tiles of 16 rows x 16 steps, row by row. In panels of integers rows follow the
// steps: the compensations of the columns (see Int8Steps), their scales, and where kAddsPairs of which steps pairs fit.
#pragma once

#include "interleave.h"
#include "tile.h"
#include "widen.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr int kChunk = 64;  // steps that are converted before they are interleaved: a chunk of NR rows stays in the L1 cache

constexpr float kLeastMagnitude = 1e-30f;  // rows below it become zeros in 8 bits: their scale has no float32 reciprocal
constexpr float kInt8LargestWeight = 127.0f;
// Rows behind the steps of a panel of integers.
constexpr std::int64_t kPairsTail = kAddsPairs ? 2 : 0;
constexpr std::int64_t kIntegerTail = 2 + kPairsTail;

// Steps of so much depth, in whole groups.
template <class Steps>
LATHE_INLINE std::int64_t stepsOf(std::int64_t depth) {
  return ceilDivide(depth, Steps::depth * Steps::group) * Steps::group;
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
template <class Type>
constexpr bool kIsFp8 = false;
template <>
constexpr bool kIsFp8<Fp8> = true;

// Bytes of a part of a row of weights.
template <class Type>
LATHE_INLINE std::int64_t bytesOfCodes(std::int64_t columns) {
  return kIsNf4<Type> ? columns / 2 : columns * static_cast<std::int64_t>(sizeof(typename Type::Code));
}
// How far ahead of their use weights are asked for: rows where a panel is columns of them, chunks of words where it is rows. Behind
// the depth at hand comes the next panel of the same depth.
constexpr std::int64_t kRowsFetched = 64;
constexpr std::int64_t kChunksFetched = 2;

// Steps of two bfloat16, the first in the low half; numbers that are exact in it need no rounding.
template <bool isRounded>
LATHE_INLINE F pairOfBf16(F first, F second) {
  if constexpr (!isRounded) return (F)((I)((UnsignedW)first >> 16) | ((I)second & splatInt(-65536)));
#if defined(LATHE_AVX512BF16)
  alignas(64) static const std::uint16_t places[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                       8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i halves = (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
  return (F)_mm512_permutexvar_epi16(_mm512_load_si512(places), halves);
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
template <>
constexpr bool kIsExactInBf16<Fp8> = true;  // rounded to it with their scales

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

// A step of depth of W columns: the weights at(0) ... at(Steps::depth - 1), for integers multiplied by factors and rounded.
template <class Steps, class Type, class At>
LATHE_INLINE F weightStep(At&& at, F factors) {
  if constexpr (Steps::isInteger) {
    constexpr int bits = 32 / Steps::depth;
    I step = {};
    LATHE_UNROLL
    for (int i = 0; i < Steps::depth; i++) {
      const I whole = roundToInteger(at(i) * factors);
      // The last one's sign falls off the upper end.
      step |= i + 1 == Steps::depth ? whole << (bits * i) : (whole & ((1 << bits) - 1)) << (bits * i);
    }
    return (F)step;
  } else if constexpr (Steps::depth == 2) {
    return pairOfBf16<!kIsExactInBf16<Type>>(at(0), at(1));
  } else {
    return at(0);
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

// The largest magnitude of a part of a weight's row, NaN where a weight in it is not finite.
template <class Type>
static float largestOfRow(const Weight& weight, std::int64_t index, std::int64_t from, std::int64_t depth) {
  const WeightRow<Type> row(weight, index);
  F most = {}, poison = {};
  for (std::int64_t k = 0; k < depth; k += W) {
    const F v = row.at(from + k, smaller(W, depth - k));
    most = maximum(magnitude(v), most);
    poison = poison + (v - v);
  }
  return sumOf(poison) == 0 ? largestOf(most) : __builtin_nanf("");
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
    largest[c] = largestOfRow<Type>(weight, first + c, from, depth);
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

constexpr std::int64_t kWordsAtOnce = 16;  // of each row, a cache line

// The scales of NR rows in one block of nf4 weights, for Type Nf4.
template <class Type>
struct BlockScales {
  __attribute__((always_inline)) inline void read(const Weight&, std::int64_t, std::int64_t, std::int64_t) {}
  __attribute__((always_inline)) inline F at(int) const { return splat(1.0f); }
};
template <>
struct BlockScales<Nf4> {
  alignas(64) float scales[NR];
  // @param column the block's first
  __attribute__((always_inline)) inline void read(const Weight& weight, std::int64_t first, std::int64_t columns,
                                                  std::int64_t column) {
    const std::int64_t blocks = ceilDivide(weight.columns, kNf4Block);
    for (std::int64_t c = 0; c < NR; c++) {
      scales[c] = scaleOfBlock(weight, (first + smaller(c, columns - 1)) * blocks + column / kNf4Block);
    }
  }
  __attribute__((always_inline)) inline F at(int v) const { return load(scales + v * W); }
};

// words [count, NR] of codes to steps of a panel, for the W rows at vector v of each. Of the last word only `left` codes count where
// that is not all of them.
template <class Steps, class Type>
LATHE_INLINE void stepsOfWords(const float* words, std::int64_t count, std::int64_t left, const F& scale, const F& factor,
                               float* panel) {
  constexpr int perWord = Word<Type>::codes;
  constexpr int steps = perWord / Steps::depth;
  const auto stepOf = [&](I word, int s, std::int64_t codes) __attribute__((always_inline)) -> F {
    const auto at = [&](int i) __attribute__((always_inline)) -> F {
      const int code = s * Steps::depth + i;
      if (code >= codes) return F{};
      if constexpr (kIsNf4<Type>) return Word<Type>::at(word, code) * scale;
      else return Word<Type>::at(word, code);
    };
    return weightStep<Steps, Type>(at, factor);
  };
  const std::int64_t whole = left == perWord ? count : count - 1;
  for (std::int64_t w = 0; w < whole; w++) {
    const I word = (I)load(words + w * NR);
    LATHE_UNROLL
    for (int s = 0; s < steps; s++) store(panel + (w * steps + s) * NR, stepOf(word, s, perWord));
  }
  if (whole == count) return;
  const I word = (I)load(words + whole * NR);
  LATHE_UNROLL
  for (int s = 0; s < steps; s++) {
    if (s * Steps::depth < left) store(panel + (whole * steps + s) * NR, stepOf(word, s, left));
  }
}

// Rows of codes whose words hold several steps: words are interleaved, and codes widened behind that, when a vector holds codes
// of as many columns. Interleaving what is widened would be up to eight times as much work.
template <class Steps, class Type>
static void packWordsOfRows(const Weight& weight, std::int64_t first, std::int64_t columns, std::int64_t from,
                            std::int64_t depth, const float* factors, float* panel) {
  constexpr std::int64_t perWord = Word<Type>::codes;
  constexpr std::int64_t perChunk = perWord * kWordsAtOnce;
  constexpr std::int64_t perBlock = kIsNf4<Type> ? kNf4Block : perChunk;  // codes that share their scales
  static_assert(perChunk % perBlock == 0, "a chunk begins with a block");
  const float* pointers[NR];
  alignas(64) float words[kWordsAtOnce * NR];
  BlockScales<Type> scales;
  const std::int64_t fromByte = bytesOfCodes<Type>(from), rowBytes = bytesOfCodes<Type>(weight.columns);
  for (std::int64_t k = 0; k < depth; k += perChunk) {
    const std::int64_t count = smaller(perChunk, depth - k);
    const std::int64_t whole = count / perWord;
    const std::int64_t ahead = k + kChunksFetched * perChunk;
    const std::int64_t aheadByte = fromByte + bytesOfCodes<Type>(ahead < depth ? ahead : ahead - depth);
    for (std::int64_t c = 0; c < NR; c++) {
      const auto* const row = reinterpret_cast<const char*>(WeightRow<Type>(weight, first + smaller(c, columns - 1)).codes);
      pointers[c] = reinterpret_cast<const float*>(row + fromByte + bytesOfCodes<Type>(k));
      __builtin_prefetch(row + aheadByte + (ahead < depth ? 0 : NR * rowBytes));
    }
    interleave<NR, false>(pointers, whole, words);
    const std::int64_t bytesLeft = (count % perWord * 4 + perWord - 1) / perWord;
    for (std::int64_t c = 0; c < NR && bytesLeft > 0; c++) {
      words[whole * NR + c] = 0;
      std::memcpy(words + whole * NR + c, reinterpret_cast<const char*>(pointers[c]) + whole * 4, static_cast<std::size_t>(bytesLeft));
    }
    for (std::int64_t i = 0; i < count; i += perBlock) {
      scales.read(weight, first, columns, from + k + i);
      const std::int64_t codes = smaller(perBlock, count - i);
      // Vector by vector: measured a quarter faster than step by step.
      for (int v = 0; v < NV; v++) {
        const F factor = factors == nullptr ? splat(1.0f) : load(factors + v * W);
        stepsOfWords<Steps, Type>(words + i / perWord * NR + v * W, ceilDivide(codes, perWord), (codes - 1) % perWord + 1,
                                  scales.at(v), factor, panel + (k + i) / Steps::depth * NR + v * W);
      }
    }
  }
}

// panel [steps, NR] of a matrix whose rows are the columns of b (x W^T): weight rows from `first` on, `columns` <= NR of
// them, over depth [from, from + depth); `from` is a multiple of kChunk. For integers each column is multiplied by its
// factor and rounded; factors are nullptr where codes are integers themselves.
template <class Steps, class Type>
static void packWeightRows(const Weight& weight, std::int64_t first, std::int64_t columns, std::int64_t from,
                           std::int64_t depth, const float* factors, float* panel) {
  // Codes that are steps already are taken where they lie.
  constexpr bool areSteps = (!Steps::isInteger || kIsInt8<Type>) && static_cast<int>(sizeof(typename Type::Code)) * Steps::depth == 4;
  if constexpr (areSteps) {
    const float* pointers[NR];
    const auto* codes = static_cast<const typename Type::Code*>(weight.codes);
    for (int c = 0; c < NR; c++) {
      pointers[c] = reinterpret_cast<const float*>(codes + (first + smaller(c, columns - 1)) * weight.columns + from);
    }
    const std::int64_t whole = depth / Steps::depth;
    interleave<NR>(pointers, whole, panel);
    const auto left = static_cast<std::size_t>(depth % Steps::depth) * sizeof(typename Type::Code);
    for (int c = 0; c < NR && left > 0; c++) {
      panel[whole * NR + c] = 0;
      std::memcpy(panel + whole * NR + c, pointers[c] + whole, left);
    }
  } else if constexpr (Word<Type>::codes >= Steps::depth) {
    packWordsOfRows<Steps, Type>(weight, first, columns, from, depth, factors, panel);
  } else {
    const float* pointers[NR];
    alignas(64) float converted[NR][kChunk + W];
    for (int c = 0; c < NR; c++) pointers[c] = converted[smaller(c, columns - 1)];
    constexpr std::int64_t perChunk = kChunk * Steps::depth;
    for (std::int64_t k = 0; k < depth; k += perChunk) {
      const std::int64_t count = smaller(perChunk, depth - k);
      for (std::int64_t c = 0; c < columns; c++) {
        const WeightRow<Type> row(weight, first + c);
        float* const to = converted[c];
        for (std::int64_t i = 0; i < count; i += W) {
          const F v = row.at(from + k + i, smaller(W, count - i));
          if constexpr (Steps::isInteger) storeWholeWeights<Steps>(to, i, roundToInteger(v * splat(factors[c])));
          else storeStep<Steps>(to, i, v);
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
#if defined(LATHE_AVX512)
  // Bytes are woven within quarters of a vector, so that a quarter first gets four columns of each quarter of the result.
  const __m512i places = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const auto rowAt = [&](int i) __attribute__((always_inline)) {
    return _mm512_permutexvar_epi32(places, _mm512_loadu_si512(rows + i * row));
  };
  const __m512i r0 = rowAt(0), r1 = rowAt(1), r2 = rowAt(2), r3 = rowAt(3);
  const __m512i low01 = _mm512_unpacklo_epi8(r0, r1), high01 = _mm512_unpackhi_epi8(r0, r1);
  const __m512i low23 = _mm512_unpacklo_epi8(r2, r3), high23 = _mm512_unpackhi_epi8(r2, r3);
  store(out, (F)_mm512_unpacklo_epi16(low01, low23));
  store(out + W, (F)_mm512_unpackhi_epi16(low01, low23));
  store(out + 2 * W, (F)_mm512_unpacklo_epi16(high01, high23));
  store(out + 3 * W, (F)_mm512_unpackhi_epi16(high01, high23));
#else
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
#endif
}

#if defined(LATHE_AVX512BF16)
// Two rows of bfloat16 to steps: out[c] = the numbers of column c.
LATHE_INLINE void interleaveHalves(const std::uint16_t* rows, std::int64_t row, float* out) {
  alignas(64) static const std::uint16_t lower[32] = {0, 32, 1, 33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39,
                                                      8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47};
  const __m512i low = _mm512_load_si512(lower), high = _mm512_add_epi16(low, _mm512_set1_epi16(16));
  LATHE_UNROLL
  for (int c = 0; c < NR; c += 2 * W) {
    const __m512i first = _mm512_loadu_si512(rows + c), second = _mm512_loadu_si512(rows + row + c);
    _mm512_storeu_si512(out + c, _mm512_permutex2var_epi16(first, low, second));
    _mm512_storeu_si512(out + c + W, _mm512_permutex2var_epi16(first, high, second));
  }
}
#endif

// The weights of a row that belong to a panel, in vectors. Lanes past them are zero.
template <class Type, bool isWhole>
struct PanelRow {
  const typename Type::Code* codes;
  std::int64_t columns;
  PanelRow(const Weight& weight, std::int64_t row, std::int64_t first, std::int64_t count)
      : codes(WeightRow<Type>(weight, row).codes + first), columns(count) {}
  __attribute__((always_inline)) inline F at(int v) const {
    if constexpr (isWhole) return Type::widen(codes + v * W);
    else return columns > v * W ? widenUpTo<Type>(codes + v * W, columns - v * W) : F{};
  }
};
template <bool isWhole>
struct PanelRow<Nf4, isWhole> {
  static_assert(kNf4Block % NR == 0, "the row's part lies in one block");
  const std::uint8_t* codes;
  std::int64_t columns;
  F scale;
  PanelRow(const Weight& weight, std::int64_t row, std::int64_t first, std::int64_t count) : columns(count) {
    const WeightRow<Nf4> whole(weight, row);
    codes = whole.codes + first / 2;
    scale = splat(scaleOfBlock(weight, whole.firstBlock + first / kNf4Block));
  }
  __attribute__((always_inline)) inline F at(int v) const {
    if constexpr (isWhole) return lookUpNf4(codes + v * W / 2) * scale;
    else return columns > v * W ? lookUpNf4UpTo(codes + v * W / 2, columns - v * W) * scale : F{};
  }
};
template <bool isWhole>
struct PanelRow<Fp8, isWhole> {
  static_assert(kFp8Block % NR == 0, "the row's part lies in one block");
  const std::uint8_t* codes;
  std::int64_t columns;
  F scale;
  PanelRow(const Weight& weight, std::int64_t row, std::int64_t first, std::int64_t count) : columns(count) {
    const WeightRow<Fp8> whole(weight, row);
    codes = whole.codes + first;
    scale = splat(whole.scales[first / kFp8Block]);
  }
  __attribute__((always_inline)) inline F at(int v) const {
    if constexpr (isWhole) return inBf16(Fp8::widen(codes + v * W) * scale);
    else return columns > v * W ? inBf16(widenUpTo<Fp8>(codes + v * W, columns - v * W) * scale) : F{};
  }
};

// Depth [k, end) of a panel of weight columns, whole steps and all NR columns where isWhole.
template <class Steps, class Type, bool isWhole>
LATHE_INLINE void packColumnSteps(const Weight& weight, std::int64_t first, std::int64_t columns, std::int64_t from,
                                  std::int64_t k, std::int64_t end, const float* factors, float* panel) {
  for (; k < end; k += Steps::depth, panel += NR) {
    // Rows of a large matrix lie in pages of their own, which the hardware does not foresee.
    LATHE_UNROLL
    for (int i = 0; i < Steps::depth; i++) {
      const std::int64_t ahead = k + i + kRowsFetched;
      const std::int64_t row = ahead < end ? ahead : smaller(ahead - end, end);
      const auto* const codes = reinterpret_cast<const char*>(WeightRow<Type>(weight, from + row).codes);
      for (std::int64_t byte = 0; byte < bytesOfCodes<Type>(columns); byte += 64) {
        __builtin_prefetch(codes + bytesOfCodes<Type>(first + (ahead < end ? 0 : NR)) + byte);
      }
    }
    if constexpr (Steps::isInteger && Steps::depth == 4 && kIsInt8<Type> && isWhole) {
      interleaveBytes(WeightRow<Type>(weight, from + k).codes + first, weight.columns, panel);
#if defined(LATHE_AVX512BF16)
    } else if constexpr (!Steps::isInteger && Steps::depth == 2 && kIsBf16<Type> && isWhole) {
      interleaveHalves(WeightRow<Type>(weight, from + k).codes + first, weight.columns, panel);
#endif
    } else {
      using Row = PanelRow<Type, isWhole>;
      const auto rowAt = [&](int i) { return Row(weight, from + smaller(k + i, end - 1), first, columns); };
      const Row rows[4] = {rowAt(0), rowAt(1 % Steps::depth), rowAt(2 % Steps::depth), rowAt(3 % Steps::depth)};
      LATHE_UNROLL
      for (int v = 0; v < NV; v++) {
        const auto at = [&](int i) __attribute__((always_inline)) -> F {
          return isWhole || k + i < end ? rows[i].at(v) : F{};
        };
        const F factor = Steps::isInteger && factors != nullptr ? load(factors + v * W) : splat(1.0f);
        store(panel + v * W, weightStep<Steps, Type>(at, factor));
      }
    }
  }
}

// panel [steps, NR] of a matrix whose rows are the depth of b (dy W): weight columns from `first` on, `columns` <= NR of
// them, over weight rows [from, from + depth); factors as above
template <class Steps, class Type>
static void packWeightColumns(const Weight& weight, std::int64_t first, std::int64_t columns, std::int64_t from,
                              std::int64_t depth, const float* factors, float* panel) {
  const std::int64_t whole = columns == NR ? depth / Steps::depth * Steps::depth : 0;
  packColumnSteps<Steps, Type, true>(weight, first, NR, from, 0, whole, factors, panel);
  packColumnSteps<Steps, Type, false>(weight, first, columns, from, whole, depth, factors, panel + whole / Steps::depth * NR);
}

// sums + the four bytes of each lane, with their sign.
LATHE_INLINE I addBytes(I sums, I quads) {
#if defined(LATHE_AVX512BF16)
  return (I)_mm512_dpbusd_epi32((__m512i)sums, _mm512_set1_epi8(1), (__m512i)quads);
#elif defined(LATHE_AVX512)
  return sums + (I)_mm512_madd_epi16(_mm512_maddubs_epi16(_mm512_set1_epi8(1), (__m512i)quads), _mm512_set1_epi16(1));
#elif defined(LATHE_AVX2)
  return sums + (I)_mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_set1_epi8(1), (__m256i)quads), _mm256_set1_epi16(1));
#else
  return sums + (quads >> 24) + ((quads << 8) >> 24) + ((quads << 16) >> 24) + ((quads << 24) >> 24);
#endif
}

// Of each kAssembledSteps steps of a panel whether products of bytes of two steps, the first of which is even, add up in 16 bits for
// all of the columns, whatever the activations are: of the four weights that meet in a sum, neither those above zero nor those below
// may come to more than `most`.
LATHE_INLINE void findPairs([[maybe_unused]] const float* panel, [[maybe_unused]] std::int64_t steps,
                            [[maybe_unused]] std::uint8_t* pairsFit) {
#if defined(LATHE_AVX2) && !defined(LATHE_AVX512)
  static_assert(VectorCut::depthBlock / kAssembledSteps <= kPairsTail * NR * 4, "a block's pairs have room behind it");
  constexpr std::int16_t most = 32767 / (kInt8Largest + kInt8Offset);
  const __m256i ones = _mm256_set1_epi8(1);
  for (std::int64_t group = 0; group < steps / kAssembledSteps; group++, panel += kAssembledSteps * NR) {
    __m256i largest = _mm256_setzero_si256();
    LATHE_UNROLL
    for (std::int64_t pair = 0; pair < kAssembledSteps * NR; pair += 2 * NR) {
      LATHE_UNROLL
      for (int v = 0; v < NV; v++) {
        const __m256i first = (__m256i)load(panel + pair + v * W), second = (__m256i)load(panel + pair + NR + v * W);
        const __m256i zero = _mm256_setzero_si256();
        const __m256i above = _mm256_add_epi16(_mm256_maddubs_epi16(ones, _mm256_max_epi8(first, zero)),
                                               _mm256_maddubs_epi16(ones, _mm256_max_epi8(second, zero)));
        const __m256i all = _mm256_add_epi16(_mm256_maddubs_epi16(ones, first), _mm256_maddubs_epi16(ones, second));
        largest = _mm256_max_epi16(largest, _mm256_max_epi16(above, _mm256_sub_epi16(above, all)));
      }
    }
    pairsFit[group] = _mm256_movemask_epi8(_mm256_cmpgt_epi16(largest, _mm256_set1_epi16(most))) == 0;
  }
#endif
}

// compensation [NR] = kInt8Offset times the sums of a panel's columns of bytes
LATHE_INLINE void compensate(const float* panel, std::int64_t steps, std::int32_t* compensation) {
  for (int v = 0; v < NV; v++) {
    I sum = {};
    for (std::int64_t step = 0; step < steps; step++) {
      sum = addBytes(sum, (I)load(panel + step * NR + v * W));
    }
    storeInts(compensation + v * W, sum * kInt8Offset);
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
