// Products of a few rows of activations in 16 bits with weights in 8: whole numbers, added exactly, at twice the pace of float32 or
// more, and the codes of the weights are multiplied as they lie in memory. Of 16 bits a product has about the digits of float32 left,
// other than of 8, so that nothing is lost by computing few rows in this way.
//
// A row is divided by a power of two, which rounds nothing, so that its largest magnitude fits. What lies beyond kFarOut times its root mean square, as massive activations do
// (arXiv:2402.17762), would leave the others few digits: it is set aside and multiplied in float32. Of a row of `inputs` that can be
// no more than inputs / kFarOut^2 elements.
#pragma once

#include "pack.h"

#if defined(LATHE_AVX2)
#define LATHE_SIXTEEN_BITS 1
#endif

namespace lathe {
namespace LATHE_LEVEL {

constexpr float kFarOut = 32.0f;
constexpr std::int32_t kLargestHalf = 32767;
constexpr std::int64_t kRowsTogether = 4;  // rows of activations whose sums fit the registers, with those of kWeightsTogether rows

#if defined(LATHE_SIXTEEN_BITS)

// How a level multiplies them. A step is of so many columns, of which a row takes kStepVectors vectors.
#if defined(LATHE_AVX512BF16)
// Bytes by bytes: a number is 256 times its upper byte, plus its lower one, and stored without sign, as number + 32768. What is too
// much by that, 128 times the sum of the weights in each upper product, is summed on the way and taken off.
constexpr std::int64_t kStepColumns = 64;
constexpr std::int64_t kStepVectors = 2;
constexpr std::int64_t kExactSteps = std::int64_t{1} << 40;  // of so many no sum leaves 32 bits: 127 * 255 * inputs is less
constexpr std::int64_t kWeightsTogether = 3;
#else
// Pairs of 16 bits. Their sums may leave 32 bits after 256 steps of -128 times the largest.
constexpr std::int64_t kStepColumns = W * 2;
constexpr std::int64_t kStepVectors = 1;
constexpr std::int64_t kExactSteps = 128;
constexpr std::int64_t kWeightsTogether = 2;
#endif
constexpr std::int64_t kStepBytes = kStepVectors * W * 4;

LATHE_INLINE I codesUpTo(const std::int8_t* codes, std::int64_t count) {
#if defined(LATHE_AVX512BF16)
  if (count >= kStepColumns) return (I)_mm512_loadu_si512(codes);
  return (I)_mm512_maskz_loadu_epi8((__mmask64)((std::uint64_t{1} << count) - 1), codes);
#elif defined(LATHE_AVX512)
  if (count >= kStepColumns) return (I)_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes)));
  return (I)_mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8((__mmask32)((std::uint32_t{1} << count) - 1), codes));
#else
  if (count >= kStepColumns) return (I)_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
  std::int8_t part[kStepColumns] = {};
  std::memcpy(part, codes, static_cast<std::size_t>(count));
  return (I)_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(part)));
#endif
}

// Sums of C chains by one row of weights, which are of one sum: whole numbers may be added in any order.
template <int C>
struct SixteenBitSum {
#if defined(LATHE_AVX512BF16)
  I parts[kStepVectors][C];  // of upper bytes, then of lower ones
  __attribute__((always_inline)) inline void clear() {
    LATHE_UNROLL
    for (int c = 0; c < C; c++) parts[0][c] = parts[1][c] = I{};
  }
  __attribute__((always_inline)) inline void add(int part, int c, I x, I codes) {
    parts[part][c] = (I)_mm512_dpbusd_epi32((__m512i)parts[part][c], (__m512i)x, (__m512i)codes);
  }
  // @param offset 128 times the sums of the weights
  __attribute__((always_inline)) inline F take(I offset) {
    I high = parts[0][0], low = parts[1][0];
    LATHE_UNROLL
    for (int c = 1; c < C; c++) {
      high += parts[0][c];
      low += parts[1][c];
    }
    return fma(splat(256.0f), __builtin_convertvector(high - offset, F), __builtin_convertvector(low, F));
  }
#else
  I sums[C];
  __attribute__((always_inline)) inline void clear() {
    LATHE_UNROLL
    for (int c = 0; c < C; c++) sums[c] = I{};
  }
  __attribute__((always_inline)) inline void add(int, int c, I x, I codes) {
#if defined(LATHE_AVX512)
    sums[c] += (I)_mm512_madd_epi16((__m512i)x, (__m512i)codes);
#else
    sums[c] += (I)_mm256_madd_epi16((__m256i)x, (__m256i)codes);
#endif
  }
  __attribute__((always_inline)) inline F take(I) {
    I all = sums[0];
    LATHE_UNROLL
    for (int c = 1; c < C; c++) all += sums[c];
    return __builtin_convertvector(all, F);
  }
#endif
};

// An element that is multiplied by itself.
struct FarElement {
  std::int32_t column;
  float value;
};

// Rows in 16 bits, in blocks of up to kRowsTogether: of each step the vectors of all rows of the block, one after the other.
struct SixteenBitRows {
  static constexpr std::int64_t most = 2 * kRowsTogether;
  std::uint8_t* codes;
  std::int64_t count;
  std::int64_t steps;
  float scales[most];  // what a unit of a row stands for; NaN where an element is not finite
  std::int64_t farFrom[most + 1];
  FarElement* far;

  static std::int64_t stepsFor(std::int64_t inputs) { return ceilDivide(inputs, kStepColumns); }
  static std::int64_t bytesFor(std::int64_t rows, std::int64_t inputs) { return rows * stepsFor(inputs) * kStepBytes; }
  static std::int64_t farFor(std::int64_t rows, std::int64_t inputs) {
    return rows * (inputs / static_cast<std::int64_t>(kFarOut * kFarOut) + 1);
  }
  // Rows of the block that a row is in.
  std::int64_t together(std::int64_t first) const { return smaller(kRowsTogether, count - first); }
  const float* block(std::int64_t first) const { return reinterpret_cast<const float*>(codes + first * steps * kStepBytes); }

  // @param to bytesFor   @param elements farFor
  void write(const float* x, std::int64_t rows, std::int64_t inputs, std::uint8_t* to, FarElement* elements) {
    codes = to;
    far = elements;
    count = rows;
    steps = stepsFor(inputs);
    std::int64_t found = 0;
    for (std::int64_t n = 0; n < rows; n++) {
      const float* const row = x + n * inputs;
      const std::int64_t first = n / kRowsTogether * kRowsTogether;
      std::uint8_t* const own = to + first * steps * kStepBytes + (n - first) * kStepBytes;
      farFrom[n] = found;
      found += writeRow(row, inputs, own, together(first) * kStepBytes, scales[n], elements + found);
    }
    farFrom[rows] = found;
  }

 private:
  // @param apart bytes between steps of the row   @returns how many elements are set aside
  static std::int64_t writeRow(const float* x, std::int64_t inputs, std::uint8_t* to, std::int64_t apart, float& scale,
                               FarElement* elements) {
    F squares = {}, most = {}, poison = {};
    for (std::int64_t i = 0; i < inputs; i += W) {
      const F v = loadUpTo(x + i, inputs - i);
      squares = fma(v, v, squares);
      most = maximum(magnitude(v), most);
      poison = poison + (v - v);
    }
    float largest = largestOf(most);
    const float bound = kFarOut * __builtin_sqrtf(sumOf(squares) / static_cast<float>(inputs));
    std::int64_t aside = 0;
    // Squares that are too large for float32 make the bound infinite, and nothing is set aside.
    if (largest > bound) {
      float within = 0;
      for (std::int64_t i = 0; i < inputs; i++) {
        const float size = __builtin_fabsf(x[i]);
        if (size > bound) elements[aside++] = {static_cast<std::int32_t>(i), x[i]};
        else within = size > within ? size : within;
      }
      largest = within;
    }
    const bool isFinite = sumOf(poison) == 0;
    float factor = 0.0f;
    scale = isFinite ? 0.0f : __builtin_nanf("");
    if (isFinite && largest > kLeastMagnitude) {
      std::uint32_t bits;
      std::memcpy(&bits, &largest, sizeof bits);
      const std::uint32_t exponent = bits >> 23;  // the largest is below 2^(exponent - 126), which becomes 2^15
      const std::uint32_t unit = (exponent - 14) << 23, units = (268 - exponent) << 23;
      std::memcpy(&scale, &unit, sizeof scale);
      std::memcpy(&factor, &units, sizeof factor);
    }
    const F factors = splat(factor), limit = splat(aside > 0 ? bound : __builtin_inff());
    const std::int64_t whole = stepsFor(inputs) * kStepColumns;
    for (std::int64_t i = 0; i < whole; i += W) {
      const F v = i < inputs ? loadUpTo(x + i, inputs - i) : F{};
      const F kept = select((I)(magnitude(v) > limit), F{}, v);
      std::uint8_t* const step = to + i / kStepColumns * apart;
      // What is not finite has no code, and its row has none that counts.
      const I rounded = isFinite ? roundToInteger(kept * factors) : I{};
      const I code = rounded > kLargestHalf ? I{} + kLargestHalf : rounded;
#if defined(LATHE_AVX512BF16)
      storeBytes(step + i % kStepColumns, (code + 32768) >> 8);
      storeBytes(step + W * 4 + i % kStepColumns, code & 255);
#else
      storeHalves(reinterpret_cast<std::uint16_t*>(step) + i % kStepColumns, code & 0xffff);
#endif
    }
    return aside;
  }
};

// Sums of N rows by R rows of weights from `row` on, without any scale. Alone or with others, a row has the same bits.
template <int N, int R, int C>
LATHE_INLINE void dotSixteenBits(const float* x, const Weight& weight, std::int64_t row, F (&sums)[R][N]) {
  const std::int64_t inputs = weight.columns;
  const std::int64_t ahead = R == 1 ? kFetchAhead : larger(kFetchAhead, R * inputs);
  const auto* codes = static_cast<const std::int8_t*>(weight.codes) + row * inputs;
  SixteenBitSum<C> of[R][N];
  I offsets[R][C];
  const auto clear = [&]() __attribute__((always_inline)) {
    LATHE_UNROLL
    for (int r = 0; r < R; r++) {
      LATHE_UNROLL
      for (int c = 0; c < C; c++) offsets[r][c] = I{};
      LATHE_UNROLL
      for (int n = 0; n < N; n++) of[r][n].clear();
    }
  };
  const auto step = [&](int c, std::int64_t at, std::int64_t count) __attribute__((always_inline)) {
    I values[R];
    LATHE_UNROLL
    for (int r = 0; r < R; r++) {
      __builtin_prefetch(reinterpret_cast<const char*>(codes) + r * inputs + at + ahead, 0, 2);
      values[r] = codesUpTo(codes + r * inputs + at, count);
#if defined(LATHE_AVX512BF16)
      offsets[r][c] = (I)_mm512_dpbusd_epi32((__m512i)offsets[r][c], _mm512_set1_epi8(-128), (__m512i)values[r]);
#endif
    }
    LATHE_UNROLL
    for (int n = 0; n < N; n++) {
      LATHE_UNROLL
      for (int part = 0; part < kStepVectors; part++, x += W) {
        const F vector = R == 1 ? load(x) : inRegister(load(x));
        LATHE_UNROLL
        for (int r = 0; r < R; r++) of[r][n].add(part, c, (I)vector, values[r]);
      }
    }
  };
  LATHE_UNROLL
  for (int r = 0; r < R; r++) {
    LATHE_UNROLL
    for (int n = 0; n < N; n++) sums[r][n] = F{};
  }
  for (std::int64_t from = 0; from < inputs; from += kExactSteps * kStepColumns) {
    const std::int64_t end = smaller(inputs - from, kExactSteps * kStepColumns) + from;
    clear();
    std::int64_t at = from;
    for (; at + C * kStepColumns <= end; at += C * kStepColumns) {
      LATHE_UNROLL
      for (int c = 0; c < C; c++) step(c, at + c * kStepColumns, kStepColumns);
    }
    for (; at < end; at += kStepColumns) step(0, at, end - at);
    LATHE_UNROLL
    for (int r = 0; r < R; r++) {
      I offset = offsets[r][0];
      LATHE_UNROLL
      for (int c = 1; c < C; c++) offset += offsets[r][c];
      LATHE_UNROLL
      for (int n = 0; n < N; n++) sums[r][n] = sums[r][n] + of[r][n].take(offset);
    }
  }
}

// sumOf of each.
template <int N>
LATHE_INLINE void sumsOf(const F (&vectors)[N], float (&sums)[N]) {
  if constexpr (N == 4) {
    __m128 quarters[N];
    LATHE_UNROLL
    for (int n = 0; n < N; n++) {
#if defined(LATHE_AVX512)
      const __m256 eight =
          _mm256_add_ps(_mm512_castps512_ps256((__m512)vectors[n]), _mm512_extractf32x8_ps((__m512)vectors[n], 1));
#else
      const __m256 eight = (__m256)vectors[n];
#endif
      quarters[n] = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    }
    _MM_TRANSPOSE4_PS(quarters[0], quarters[1], quarters[2], quarters[3]);
    const __m128 even = _mm_add_ps(quarters[0], quarters[2]), odd = _mm_add_ps(quarters[1], quarters[3]);
    _mm_storeu_ps(sums, _mm_add_ps(even, odd));
  } else {
    LATHE_UNROLL
    for (int n = 0; n < N; n++) sums[n] = sumOf(vectors[n]);
  }
}

// Where the products of rows go: y [N, O] = scale * sums * weight.scales + bias, added to y where `accumulate`.
struct SixteenBitOutput {
  const SixteenBitRows& rows;
  Weight weight;
  const float* bias;
  float* y;
  float alpha;
  bool accumulate;

  // What the elements that are set aside add to the products of rows with one row of weights.
  template <int N>
  __attribute__((noinline)) void addFar(std::int64_t row, std::int64_t output, float (&sums)[N]) const {
    const auto* const codes = static_cast<const std::int8_t*>(weight.codes) + output * weight.columns;
    for (int n = 0; n < N; n++) {
      for (std::int64_t i = rows.farFrom[row + n]; i < rows.farFrom[row + n + 1]; i++) {
        sums[n] += rows.far[i].value * static_cast<float>(codes[rows.far[i].column]);
      }
    }
  }

  template <int N>
  __attribute__((always_inline)) inline void write(std::int64_t row, std::int64_t output, const F (&vectors)[N]) const {
    float sums[N];
    sumsOf<N>(vectors, sums);
    LATHE_UNROLL
    for (int n = 0; n < N; n++) sums[n] *= rows.scales[row + n];
    if (rows.farFrom[row] != rows.farFrom[row + N]) addFar<N>(row, output, sums);
    const float factor = alpha * weight.scales[output], added = bias == nullptr ? 0.0f : bias[output];
    float* const to = y + row * weight.rows + output;
    LATHE_UNROLL
    for (int n = 0; n < N; n++) {
      float& target = to[n * weight.rows];
      target = (accumulate ? target : 0.0f) + added + sums[n] * factor;
    }
  }
};

template <int N, int R, int C>
static std::int64_t sixteenBitOutputs(const SixteenBitOutput& to, std::int64_t row, std::int64_t first, std::int64_t end) {
  for (; first + R <= end; first += R) {
    F sums[R][N];
    dotSixteenBits<N, R, C>(to.rows.block(row), to.weight, first, sums);
    LATHE_UNROLL
    for (int r = 0; r < R; r++) to.write<N>(row, first + r, sums[r]);
  }
  return first;
}

// Outputs [first, end) of one block of rows. One and two rows wait for weights, which come fastest in the order in which they lie.
template <int N>
static void sixteenBitBlock(const SixteenBitOutput& to, std::int64_t row, std::int64_t first, std::int64_t end) {
  if constexpr (N > 2) first = sixteenBitOutputs<N, static_cast<int>(kWeightsTogether), 1>(to, row, first, end);
  sixteenBitOutputs<N, 1, N == 1 ? 4 : N == 2 ? 2 : 1>(to, row, first, end);
}

// Outputs [first, end).
static void sixteenBitProducts(const SixteenBitOutput& to, std::int64_t first, std::int64_t end) {
  const auto block = [&](std::int64_t row, std::int64_t from, std::int64_t last) {
    switch (to.rows.together(row)) {
      case 4: return sixteenBitBlock<4>(to, row, from, last);
      case 3: return sixteenBitBlock<3>(to, row, from, last);
      case 2: return sixteenBitBlock<2>(to, row, from, last);
      default: return sixteenBitBlock<1>(to, row, from, last);
    }
  };
  if (to.rows.count <= kRowsTogether) return block(0, first, end);
  // A few rows of weights at a time: these are in the cache for the rows of activations to come.
  constexpr std::int64_t together = 4 * kWeightsTogether;
  for (; first < end; first += together) {
    const std::int64_t last = smaller(end, first + together);
    for (std::int64_t row = 0; row < to.rows.count; row += kRowsTogether) block(row, first, last);
  }
}

#endif

}  // namespace LATHE_LEVEL
}  // namespace lathe
