// Weight codes to float32 vectors, exactly and without their scale.
#pragma once

#include "../kernels.h"
#include "simd.h"

namespace lathe {
namespace LATHE_LEVEL {

typedef std::uint16_t HalfW __attribute__((vector_size(W * 2)));
typedef std::int8_t ByteW __attribute__((vector_size(W)));
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

// Calls visit(Type{}) with the type of a format.
template <class Visit>
LATHE_INLINE void withFormat(Format format, Visit&& visit) {
  switch (format) {
    case Format::fp32: return visit(Fp32{});
    case Format::bf16: return visit(Bf16{});
    case Format::fp16: return visit(Fp16{});
    case Format::int8: return visit(Int8{});
  }
}

// to [count] = codes [count] widened
template <class Type>
static void widenRow(const typename Type::Code* codes, float* to, std::int64_t count) {
  std::int64_t i = 0;
  for (; i + W <= count; i += W) store(to + i, Type::widen(codes + i));
  if (i < count) storePart(to + i, widenPart<Type>(codes + i, count - i), count - i);
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
