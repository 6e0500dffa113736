// Products of few rows of activations with rows of a weight (x W^T), the rows of activations in the lanes of vectors.
//
// Columns of b that are packed for few rows cost as much as multiplying them. Here the sides of a tile are exchanged: the rows of
// activations are packed as its columns, and rows of the weight are read where they lie, one after the other, or converted in that
// order, which the hardware foresees and no interleaving is needed for. The sums come out transposed, [columns of c, rows of c], and
// are turned at the end. Each is made of the same terms in the same order as in the other way, and has the same bits.
#pragma once

#include "pack.h"

namespace lathe {
namespace LATHE_LEVEL {

// Tile registers have both sides in tiles, and the assembled tile of AVX2 has six rows of a side by side.
#if defined(LATHE_TILE_REGISTERS)
constexpr bool kHasLanes = false;
#else
constexpr bool kHasLanes = NV == 4;
#endif

// A strip of rows takes up to NR lanes, in as few vectors as hold them.
LATHE_INLINE std::int64_t vectorsOf(std::int64_t rows) { return ceilDivide(smaller(rows, NR), W); }

// Of a strip [steps, W * vectorsOf(rows)] of `rows` <= NR rows of activations, `a.step` 1, depth [from, depth); `from` is a multiple of
// kChunk steps
template <class Steps>
static void packLanes(const Activations& a, std::int64_t rows, std::int64_t from, std::int64_t depth, const RowConversion* conversions,
                      float* strip) {
  withKept(a.format, [&](auto type) {
    using Type = decltype(type);
    const auto* const x = static_cast<const typename Type::Code*>(a.values);
    const std::int64_t lanes = vectorsOf(rows) * W;
    const float* pointers[NR];
    alignas(64) float converted[NR][kChunk + W];
    for (int c = 0; c < NR; c++) pointers[c] = converted[smaller(c, rows - 1)];
    constexpr std::int64_t perChunk = kChunk * Steps::depth;
    for (std::int64_t k = from; k < depth; k += perChunk) {
      const std::int64_t count = smaller(perChunk, depth - k), steps = ceilDivide(count, Steps::depth);
      for (std::int64_t r = 0; r < rows; r++) {
        convertActivations<Steps, Type>(x + r * a.row, k, count, conversions[r], converted[r]);
      }
      float* const to = strip + k / Steps::depth * lanes;
      switch (lanes / W) {
        case 1: interleave<W, false>(pointers, steps, to); break;
        case 2: interleave<2 * W, false>(pointers, steps, to); break;
        case 3: interleave<3 * W, false>(pointers, steps, to); break;
        default: interleave<NR, false>(pointers, steps, to);
      }
    }
  });
}

// A few rows of a weight over a block of depth: step s of row r at values[r * apart + s].
struct WeightLines {
  const float* values;
  std::int64_t apart;
  float scales[MR];                // of the rows; for integers only
  std::int32_t compensations[MR];  // kInt8Offset times the sums of the rows; likewise
};

// What reads rows [first, first + rows) of a weight, at most MR, over depth [from, from + depth); `from` is a multiple of kChunk
// steps. Those that are not steps already go to `room`, of MR * roomFor(steps) floats.
using ReadLines = void (*)(const Weight& weight, const float* rowScales, std::int64_t first, std::int64_t rows, std::int64_t from,
                           std::int64_t depth, float* room, WeightLines& lines);
LATHE_INLINE std::int64_t roomFor(std::int64_t steps) { return ceilDivide(steps, W) * W + 4 * W; }

// The sum of bytes with their sign.
LATHE_INLINE std::int32_t sumOfBytes(const float* steps, std::int64_t count) {
  I sums = {};
  for (std::int64_t s = 0; s < count; s += W) {
    sums = addBytes(sums, (I)loadUpTo(steps + s, count - s));
  }
  std::int32_t lanes[W], sum = 0;
  storeInts(lanes, sums);
  for (int i = 0; i < W; i++) sum += lanes[i];
  return sum;
}

#if defined(LATHE_AVX512BF16)
// Part of a row as bfloat16 numbers: whole groups of codes, in fewer instructions than vector by vector. @returns how many
template <class Type>
LATHE_INLINE std::int64_t convertGroups(const WeightRow<Type>&, std::int64_t, std::int64_t, std::uint16_t*) {
  return 0;
}
LATHE_INLINE std::int64_t convertGroups(const WeightRow<Int8>& row, std::int64_t from, std::int64_t depth, std::uint16_t* to) {
  std::int64_t i = 0;
  for (; i + 2 * W <= depth; i += 2 * W) {
    const __m512 first = (__m512)Int8::widen(row.codes + from + i), second = (__m512)Int8::widen(row.codes + from + i + W);
    _mm512_storeu_si512(to + i, (__m512i)_mm512_cvtne2ps_pbh(second, first));
  }
  return i;
}
// A block's sixteen numbers are rounded once, and looked up two at a time.
LATHE_INLINE std::int64_t convertGroups(const WeightRow<Nf4>& row, std::int64_t from, std::int64_t depth, std::uint16_t* to) {
  const __m512 book = _mm512_load_ps(kNf4Codebook);
  std::int64_t i = 0;
  for (; i + kNf4Block <= depth; i += kNf4Block) {
    const float scale = scaleOfBlock(row.weight, row.firstBlock + (from + i) / kNf4Block);
    const __m256i halves = (__m256i)_mm512_cvtneps_pbh(_mm512_mul_ps(book, _mm512_set1_ps(scale)));
    const __m512i table = _mm512_broadcast_i64x4(halves);
    LATHE_UNROLL
    for (std::int64_t part = 0; part < kNf4Block; part += 2 * W) {
      const auto* const codes = reinterpret_cast<const __m128i*>(row.codes + (from + i + part) / 2);
      const __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128(codes));
      // The places of both, of which five bits count, the fifth being one of two tables that are the same.
      const __m512i places = _mm512_or_si512(_mm512_srli_epi32(bytes, 4), _mm512_slli_epi32(bytes, 16));
      _mm512_storeu_si512(to + i + part, _mm512_permutexvar_epi16(places, table));
    }
  }
  return i;
}
#endif

// One row to steps.
template <class Steps, class Type>
LATHE_INLINE void convertLine(const WeightRow<Type>& row, std::int64_t from, std::int64_t depth, float factor, float* to) {
  if constexpr (Steps::isInteger && kIsInt8<Type>) {
    if constexpr (Steps::depth == 4) {
      std::memcpy(to, row.codes + from, static_cast<std::size_t>(depth));
    } else {
      for (std::int64_t i = 0; i < depth; i += W) {
        storeWholeWeights<Steps>(to, i, roundToInteger(row.at(from + i, depth - i)));
      }
    }
  } else {
    std::int64_t i = 0;
#if defined(LATHE_AVX512BF16)
    if constexpr (Steps::depth == 2 && !Steps::isInteger) {
      i = convertGroups(row, from, depth, reinterpret_cast<std::uint16_t*>(to));
    }
#endif
    for (; i < depth; i += W) {
      const F v = row.at(from + i, smaller(W, depth - i));
      if constexpr (Steps::isInteger) storeWholeWeights<Steps>(to, i, roundToInteger(v * splat(factor)));
      else storeStep<Steps>(to, i, v);
    }
  }
  if constexpr (Steps::depth > 1) {
    constexpr std::int64_t bytes = 4 / Steps::depth;
    for (std::int64_t i = depth * bytes; i % 4 != 0; i++) reinterpret_cast<std::uint8_t*>(to)[i] = 0;
  }
}

// Whether rows of a format are steps as they lie.
template <class Steps, class Type>
constexpr bool kAreSteps = (!Steps::isInteger || kIsInt8<Type>) && !kIsNf4<Type> &&
                           static_cast<int>(sizeof(typename Type::Code)) * Steps::depth == 4;
template <class Steps>
static bool areSteps(const Weight& weight) {
  return weight.columns % Steps::depth == 0 &&
         withFormat(weight.format, [](auto type) { return kAreSteps<Steps, decltype(type)>; });
}

template <class Steps, class Type>
static void readLinesAs(const Weight& weight, const float* rowScales, std::int64_t first, std::int64_t rows, std::int64_t from,
                        std::int64_t depth, float* room, WeightLines& lines) {
  const std::int64_t steps = ceilDivide(depth, Steps::depth);
  const bool liesReady = kAreSteps<Steps, Type> && weight.columns % Steps::depth == 0;
  if (liesReady) {
    lines.values = reinterpret_cast<const float*>(WeightRow<Type>(weight, first).codes + from);
    lines.apart = weight.columns / Steps::depth;
  } else {
    lines.values = room;
    lines.apart = roomFor(steps);
  }
  for (std::int64_t r = 0; r < rows; r++) {
    float factor = 1.0f;
    if constexpr (Steps::isInteger) {
      if constexpr (kIsInt8<Type>) {
        lines.scales[r] = rowScales[first + r];
      } else {
        const float largest = largestOfRow<Type>(weight, first + r, from, depth);
        factor = largest > kLeastMagnitude ? kInt8LargestWeight / largest : 0.0f;
        lines.scales[r] = largest / kInt8LargestWeight;
      }
    }
    if (!liesReady) convertLine<Steps, Type>(WeightRow<Type>(weight, first + r), from, depth, factor, room + r * lines.apart);
    if constexpr (Steps::isInteger && Steps::depth == 4 && kInt8Offset != 0) {
      lines.compensations[r] = kInt8Offset * sumOfBytes(lines.values + r * lines.apart, steps);
    }
  }
}

template <class Steps>
static ReadLines readLinesOf(Format format) {
  if constexpr (Steps::depth == 2 && !Steps::isInteger) {
    if (format == Format::int8) return readLinesAs<Steps, Int8>;
    if (format == Format::nf4) return readLinesAs<Steps, Nf4>;
    if (format == Format::fp8) return readLinesAs<Steps, Fp8>;
    return readLinesAs<Steps, Bf16>;
  } else {
    return withFormat(format, [](auto type) -> ReadLines { return readLinesAs<Steps, decltype(type)>; });
  }
}

// What becomes of the sums of a strip with a few rows of a weight: sums = new * alpha * scale * columnScale + bias + (accumulate ?
// sums : 0), as for a TileOutput.
struct LaneOutput {
  float* sums;               // [rows of the weight, NR]
  const float* columnScale;  // of the rows of the weight, at the first, or nullptr; for integers their scales
  const float* bias;         // likewise, or nullptr
  float alpha;
  bool accumulate;
  const float* rowScale;              // for integers: of the rows of the strip, whole vectors
  const std::int32_t* compensations;  // for integers, or nullptr
};

// M rows of a weight by a strip of V vectors.
template <class Steps, int V, int M>
static __attribute__((noinline)) void laneTile(std::int64_t k, const WeightLines& lines, const float* strip,
                                               const LinesAhead& ahead, const LaneOutput& output) {
  typename Steps::Sum sums[M][V];
  sumTile<Steps, V, M, true>(k, lines.values, lines.apart, 1, strip, V * W, sums, ahead);
  LATHE_UNROLL
  for (int r = 0; r < M; r++) {
    const F scale = splat(output.columnScale == nullptr ? output.alpha : output.alpha * output.columnScale[r]);
    const F bias = splat(output.bias == nullptr ? 0.0f : output.bias[r]);
    float* const to = output.sums + r * NR;
    LATHE_UNROLL
    for (int v = 0; v < V; v++) {
      F value;
      if constexpr (Steps::isInteger) {
        const I compensation = splatInt(output.compensations == nullptr ? 0 : output.compensations[r]);
        value = __builtin_convertvector(sums[r][v] - compensation, F) * load(output.rowScale + v * W);
      } else {
        value = sums[r][v];
      }
      store(to + v * W, fma(value, scale, output.accumulate ? bias + load(to + v * W) : bias));
    }
  }
}

using LaneKernel = void (*)(std::int64_t, const WeightLines&, const float*, const LinesAhead&, const LaneOutput&);
template <class Steps, int V>
constexpr LaneKernel laneTiles[MR] = {laneTile<Steps, V, 1>, laneTile<Steps, V, 2>, laneTile<Steps, V, 3>,
                                      laneTile<Steps, V, 4>, laneTile<Steps, V, 5>, laneTile<Steps, V, 6>};

// A strip of `vectors` vectors by `rows` rows of a weight, 1 to MR.
template <class Steps>
static void multiplyLanes(std::int64_t k, const WeightLines& lines, std::int64_t rows, const float* strip, std::int64_t vectors,
                          const LinesAhead& ahead, const LaneOutput& output) {
  switch (vectors) {
    case 1: return laneTiles<Steps, 1>[rows - 1](k, lines, strip, ahead, output);
    case 2: return laneTiles<Steps, 2>[rows - 1](k, lines, strip, ahead, output);
    case 3: return laneTiles<Steps, 3>[rows - 1](k, lines, strip, ahead, output);
    default: return laneTiles<Steps, 4>[rows - 1](k, lines, strip, ahead, output);
  }
}

// sums [columns, NR] = rows of c, up to NR of them, turned.
LATHE_INLINE void turnIn(const float* c, std::int64_t row, std::int64_t rows, std::int64_t columns, float* sums) {
  const float* pointers[NR];
  for (int r = 0; r < NR; r++) pointers[r] = c + smaller(r, rows - 1) * row;
  interleave<NR, false>(pointers, columns, sums);
}
// The other way. @param room [rows, NR]
LATHE_INLINE void turnOut(const float* sums, std::int64_t rows, std::int64_t columns, float* room, float* c, std::int64_t row) {
  const float* pointers[NR];
  for (int column = 0; column < NR; column++) pointers[column] = sums + smaller(column, columns - 1) * NR;
  interleave<NR, false>(pointers, rows, room);
  for (std::int64_t r = 0; r < rows; r++) {
    for (std::int64_t i = 0; i < columns; i += W) storeUpTo(c + r * row + i, load(room + r * NR + i), columns - i);
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
