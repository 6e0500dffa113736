// Weight codes to float32 vectors.
#pragma once

#include "../kernels.h"
#include "simd.h"

namespace lathe {
namespace LATHE_LEVEL {

typedef std::uint16_t HalfW __attribute__((vector_size(W * 2)));
typedef std::int8_t ByteW __attribute__((vector_size(W)));
typedef std::uint8_t UnsignedByteW __attribute__((vector_size(W)));
typedef std::uint32_t UnsignedW __attribute__((vector_size(W * 4)));

LATHE_INLINE I halfWords(const std::uint16_t* p) {
#if defined(LATHE_AVX512)
  return (I)_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#elif defined(LATHE_AVX2)
  return (I)_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#else
  HalfW words;
  std::memcpy(&words, p, sizeof words);
  return (I)__builtin_convertvector(words, UnsignedW);
#endif
}

// Codes are asked for so many bytes before they are multiplied, into the second level of cache. The hardware fetches ahead by
// itself, but not far enough to keep the memory busy while cores widen and multiply.
constexpr std::int64_t kFetchAhead = 4096;
constexpr std::int64_t kLine = 64;  // bytes of a cache line

struct Fp32 {
  using Code = float;
  LATHE_INLINE F widen(const Code* p) { return load(p); }
};

struct Bf16 {
  using Code = std::uint16_t;
  LATHE_INLINE F widen(const Code* p) { return (F)(halfWords(p) << 16); }
};

struct Fp16 {
  using Code = std::uint16_t;
  LATHE_INLINE F widen(const Code* p) {
#if defined(LATHE_AVX512)
    return (F)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#elif defined(LATHE_AVX2)
    return (F)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#else
    // The 15 bits of magnitude, read as float32, are the number times 2^-112; all ones in the exponent means inf or NaN.
    const I bits = halfWords(p);
    const I magnitude = (bits & 0x7fff) << 13;
    const F scaled = (F)magnitude * splat(5.192296858534828e33f);
    const I special = (I)((bits & 0x7c00) == splatInt(0x7c00));
    return (F)(((bits & 0x8000) << 16) | (~special & (I)scaled) | (special & (magnitude | 0x7f800000)));
#endif
  }
};

struct Int8 {
  using Code = std::int8_t;
  LATHE_INLINE F widen(const Code* p) {
#if defined(LATHE_AVX512)
    return (F)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
#elif defined(LATHE_AVX2)
    return (F)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
#else
    ByteW bytes;
    std::memcpy(&bytes, p, sizeof bytes);
    return __builtin_convertvector(__builtin_convertvector(bytes, I), F);
#endif
  }
};

// To bfloat16 in the low half of each lane: nearest, ties to even; NaN stays NaN.
LATHE_INLINE I roundToBf16(F v) {
  const I bits = (I)v;
  const I rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const I isNumber = (I)(v == v);
  return ((isNumber & rounded) | (~isNumber & 0x7fc0)) & 0xffff;
}
// The bfloat16 number nearest to v, as float32, ties to even. What is NaN has set bits that rounding does not carry out of, as those
// that processors make and those of 8-bit floats have.
LATHE_INLINE F inBf16(F v) {
  const I bits = (I)v;
  return (F)((bits + 0x7fff + ((bits >> 16) & 1)) & splatInt(-65536));
}

// 8-bit floats of type e4m3 without infinities (arXiv:2209.05433): 1 bit of sign, 4 of exponent, 3 of fraction; all ones is NaN.
struct Fp8 {
  using Code = std::uint8_t;
  LATHE_INLINE F widen(const Code* p) {
    // The bits are those of a half float whose exponent is 8 too small; where that is zero both are small numbers alike.
    UnsignedByteW bytes;
    std::memcpy(&bytes, p, sizeof bytes);
    const HalfW codes = __builtin_convertvector(bytes, HalfW);
    const HalfW magnitude = codes & 0x7f;
    const HalfW special = (HalfW)(magnitude == 0x7f) & 0x7c00;
    const HalfW halves = magnitude << 7 | codes >> 7 << 15 | special;
    std::uint16_t lanes[W];
    std::memcpy(lanes, &halves, sizeof halves);
    return Fp16::widen(lanes) * splat(256.0f);
  }
};

// The first `count` codes (0 < count < W), the other lanes zero.
template <class Type>
LATHE_INLINE F widenPart(const typename Type::Code* p, std::int64_t count) {
  typename Type::Code codes[W] = {};
  std::memcpy(codes, p, static_cast<std::size_t>(count) * sizeof codes[0]);
  return Type::widen(codes);
}
template <class Type>
LATHE_INLINE F widenUpTo(const typename Type::Code* p, std::int64_t count) {
  return count >= W ? Type::widen(p) : widenPart<Type>(p, count);
}

// Two codes a byte, the first in the high half; places of a code book that is spaced like a normal distribution
// (arXiv:2305.14314, appendix E).
struct Nf4 {
  using Code = std::uint8_t;
};

alignas(64) static const float kNf4Codebook[16] = {
    -1.0f,
    -0.6961928009986877f,
    -0.5250730514526367f,
    -0.39491748809814453f,
    -0.28444138169288635f,
    -0.18477343022823334f,
    -0.09105003625154495f,
    0.0f,
    0.07958029955625534f,
    0.16093020141124725f,
    0.24611230194568634f,
    0.33791524171829224f,
    0.44070982933044434f,
    0.5626170039176941f,
    0.7229568362236023f,
    1.0f,
};

// The code book value of the low four bits of each lane; the bits above may be anything.
LATHE_INLINE F bookValues(I codes) {
#if defined(LATHE_AVX512)
  return (F)_mm512_permutexvar_ps((__m512i)codes, _mm512_load_ps(kNf4Codebook));
#elif defined(LATHE_AVX2)
  const __m256 low = _mm256_permutevar8x32_ps(_mm256_load_ps(kNf4Codebook), (__m256i)codes);  // reads the low three bits
  const __m256 high = _mm256_permutevar8x32_ps(_mm256_load_ps(kNf4Codebook + 8), (__m256i)codes);
  return (F)_mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32((__m256i)codes, 28)));
#else
  F values;
  for (int i = 0; i < W; i++) values[i] = kNf4Codebook[codes[i] & 15];
  return values;
#endif
}

// W code book values of the W / 2 bytes at p.
LATHE_INLINE F lookUpNf4(const std::uint8_t* p) {
#if defined(LATHE_AVX2)
  // Each 32-bit lane gets the bytes that hold its codes, then shifts its own down.
  int word;
  std::memcpy(&word, p, 4);
#if defined(LATHE_AVX512)
  int upper;
  std::memcpy(&upper, p + 4, 4);
  const __m512i shifts = _mm512_setr_epi32(4, 0, 12, 8, 20, 16, 28, 24, 4, 0, 12, 8, 20, 16, 28, 24);
  return bookValues((I)_mm512_srlv_epi32(_mm512_mask_set1_epi32(_mm512_set1_epi32(word), 0xff00, upper), shifts));
#else
  const __m256i shifts = _mm256_setr_epi32(4, 0, 12, 8, 20, 16, 28, 24);
  return bookValues((I)_mm256_srlv_epi32(_mm256_set1_epi32(word), shifts));
#endif
#else
  F values;
  for (int i = 0; i < W; i++) values[i] = kNf4Codebook[(p[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 15];
  return values;
#endif
}

#if defined(LATHE_AVX2) && !defined(LATHE_AVX512)
// Byte `index` of each float of the code book.
LATHE_INLINE __m256i nf4Bytes(int index) {
  alignas(16) std::uint8_t bytes[16];
  for (int i = 0; i < 16; i++) std::memcpy(bytes + i, reinterpret_cast<const char*>(kNf4Codebook + i) + index, 1);
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(bytes)));
}

// Code book values of 32 codes, 16 bytes at p: the four bytes of each float are looked up apart and then woven together, which
// takes half the instructions of two 8-entry lookups.
struct Nf4Tables {
  __m256i bytes[4] = {nf4Bytes(0), nf4Bytes(1), nf4Bytes(2), nf4Bytes(3)};

  __attribute__((always_inline)) inline void lookUp(const std::uint8_t* p, F (&values)[4]) const {
    // Weaving works in halves of 128 bits: the lower takes codes 0-3, 8-11, 16-19, 24-27, the upper the others.
    const __m256i spread = _mm256_setr_epi8(0, 0, 1, 1, 4, 4, 5, 5, 8, 8, 9, 9, 12, 12, 13, 13,  //
                                            2, 2, 3, 3, 6, 6, 7, 7, 10, 10, 11, 11, 14, 14, 15, 15);
    const __m256i twice = _mm256_shuffle_epi8(
        _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))), spread);
    const __m256i codes = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(twice, 4), _mm256_set1_epi16(0x000f)),
                                          _mm256_and_si256(twice, _mm256_set1_epi16(0x0f00)));
    const __m256i b0 = _mm256_shuffle_epi8(bytes[0], codes), b1 = _mm256_shuffle_epi8(bytes[1], codes);
    const __m256i b2 = _mm256_shuffle_epi8(bytes[2], codes), b3 = _mm256_shuffle_epi8(bytes[3], codes);
    const __m256i low0 = _mm256_unpacklo_epi8(b0, b1), low1 = _mm256_unpackhi_epi8(b0, b1);
    const __m256i high0 = _mm256_unpacklo_epi8(b2, b3), high1 = _mm256_unpackhi_epi8(b2, b3);
    values[0] = (F)_mm256_unpacklo_epi16(low0, high0);
    values[1] = (F)_mm256_unpackhi_epi16(low0, high0);
    values[2] = (F)_mm256_unpacklo_epi16(low1, high1);
    values[3] = (F)_mm256_unpackhi_epi16(low1, high1);
  }
};
#else
struct Nf4Tables {
  __attribute__((always_inline)) inline void lookUp(const std::uint8_t* p, F (&values)[4]) const {
    LATHE_UNROLL
    for (int i = 0; i < 4; i++) values[i] = lookUpNf4(p + i * W / 2);
  }
};
#endif

// The first `count` of W values, the other lanes zero; 0 < count <= W.
LATHE_INLINE F lookUpNf4UpTo(const std::uint8_t* p, std::int64_t count) {
  if (count >= W) return lookUpNf4(p);
  std::uint8_t bytes[W / 2] = {};
  std::memcpy(bytes, p, static_cast<std::size_t>(count + 1) / 2);
  float values[W];
  store(values, lookUpNf4(bytes));
  return loadPart(values, count);
}

// The scale of a block of nf4 weights.
LATHE_INLINE float scaleOfBlock(const Weight& weight, std::int64_t block) {
  if (weight.scales != nullptr) return weight.scales[block];
  return weight.scaleOffset + weight.groupScales[block / kNf4ScaleGroup] * weight.scaleMap[weight.scaleCodes[block]];
}

// A row of a weight matrix: W weights from a column on (a multiple of W), without the scale of the row but with those of blocks.
// Lanes from `count` on are zero.
template <class Type>
struct WeightRow {
  const typename Type::Code* codes;
  WeightRow(const Weight& weight, std::int64_t row)
      : codes(static_cast<const typename Type::Code*>(weight.codes) + row * weight.columns) {}
  __attribute__((always_inline)) inline F at(std::int64_t column, std::int64_t count) const {
    return widenUpTo<Type>(codes + column, count);
  }
};

template <>
struct WeightRow<Nf4> {
  const Weight& weight;
  const std::uint8_t* codes;
  std::int64_t firstBlock;
  WeightRow(const Weight& matrix, std::int64_t row)
      : weight(matrix),
        codes(static_cast<const std::uint8_t*>(matrix.codes) + row * ((matrix.columns + 1) / 2)),
        firstBlock(row * ceilDivide(matrix.columns, kNf4Block)) {}
  __attribute__((always_inline)) inline F at(std::int64_t column, std::int64_t count) const {
    return lookUpNf4UpTo(codes + column / 2, count) * splat(scaleOfBlock(weight, firstBlock + column / kNf4Block));
  }
};

template <>
struct WeightRow<Fp8> {
  const std::uint8_t* codes;
  const float* scales;
  WeightRow(const Weight& weight, std::int64_t row)
      : codes(static_cast<const std::uint8_t*>(weight.codes) + row * weight.columns),
        scales(weight.scales + row * ceilDivide(weight.columns, kFp8Block)) {}
  __attribute__((always_inline)) inline F at(std::int64_t column, std::int64_t count) const {
    return inBf16(widenUpTo<Fp8>(codes + column, count) * splat(scales[column / kFp8Block]));
  }
};

// The 32 bits of a row that hold `codes` codes, one row a lane: code `i` of each, the first at the lowest address, without its
// scale. Formats without codes are not taken apart so.
template <class Type>
struct Word {
  static constexpr int codes = 0;
};
template <>
struct Word<Bf16> {
  static constexpr int codes = 2;
  LATHE_INLINE F at(I words, int i) { return (F)(i == 0 ? words << 16 : words & splatInt(-65536)); }
};
template <>
struct Word<Int8> {
  static constexpr int codes = 4;
  LATHE_INLINE I wholeAt(I words, int i) { return (words << (24 - 8 * i)) >> 24; }
  LATHE_INLINE F at(I words, int i) { return __builtin_convertvector(wholeAt(words, i), F); }
};
template <>
struct Word<Nf4> {
  static constexpr int codes = 8;
  LATHE_INLINE F at(I words, int i) { return bookValues(words >> (i / 2 * 8 + (i % 2 == 0 ? 4 : 0))); }
};

// Calls visit(Type{}) with the type that activations are kept in, fp32 or bf16.
template <class Visit>
LATHE_INLINE void withKept(Format format, Visit&& visit) {
  if (format == Format::bf16) visit(Bf16{});
  else visit(Fp32{});
}

// Calls visit(Type{}) with the type of a format.
template <class Visit>
LATHE_INLINE auto withFormat(Format format, Visit&& visit) {
  switch (format) {
    case Format::bf16: return visit(Bf16{});
    case Format::fp16: return visit(Fp16{});
    case Format::int8: return visit(Int8{});
    case Format::nf4: return visit(Nf4{});
    case Format::fp8: return visit(Fp8{});
    case Format::fp32: break;
  }
  return visit(Fp32{});
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
