// The register tile every product is made of: M rows times NR columns, over k steps of depth.
//
// M * NV sums, NV vectors of b and one broadcast of a fit the registers (AVX2: 12 + 2 + 1 of 16; AVX-512: 24 + 4 + 1 of 32).
// A step of depth is 4 bytes of a and of each column of b: one float32, a pair of bfloat16, or several small integers,
// whose products are added.
#pragma once

#include "simd.h"

#if defined(LATHE_AVX2) && !defined(LATHE_AVX512)
#define LATHE_ASSEMBLED_TILE 1
#include "tile_avx2.h"
#endif
#if defined(LATHE_TILE_REGISTERS)
#include "tile_amx.h"
#else
namespace lathe {
namespace LATHE_LEVEL {
struct TileRegisters {
  explicit TileRegisters(bool) {}
};
}  // namespace LATHE_LEVEL
}  // namespace lathe
#endif

namespace lathe {
namespace LATHE_LEVEL {

#if defined(LATHE_AVX512) || defined(LATHE_EMULATED) || defined(LATHE_NEON)
constexpr int NV = 4;
#else
constexpr int NV = 2;
#endif
constexpr int MR = 6;
constexpr int NR = NV * W;

#if defined(LATHE_AVX512BF16) || defined(LATHE_EMULATED)
constexpr bool kMultipliesBf16 = true;
#else
constexpr bool kMultipliesBf16 = false;
#endif

// How steps are cut: rows of a in panels of so many, steps of depth in groups, padded with zeros; jobs take rows in blocks.
struct VectorCut {
  static constexpr bool isTiled = false;
  static constexpr int panelRows = MR;
  static constexpr int group = 1;
  // Steps; a panel of b: 28 KiB, for the first-level cache, or where that holds too little of it 224 KiB, for the second.
  static constexpr std::int64_t depthBlock = W == 16 ? 896 : 448;
  static constexpr std::int64_t rowBlock = 96;      // rows; a block of a: up to 336 KiB
  static constexpr std::int64_t rowGroup = std::int64_t{1} << 40;
  static constexpr std::int64_t sinkRows = 96;      // that a sink is given at a time
  static constexpr std::int64_t columnBlock = 128;  // columns a job takes at most, if that is a panel or more
  static constexpr std::int64_t heldColumnBytes = 0;
  static constexpr std::int64_t packedRowBytes = std::int64_t{4} << 20;  // of a that are packed at one time
};
#if defined(LATHE_TILE_REGISTERS)
struct TiledCut {
  static constexpr bool isTiled = true;
  static constexpr int panelRows = kRegisterRows;
  static constexpr int group = kRegisterSteps;
  static constexpr std::int64_t depthBlock = 448;   // a block of a: 32 KiB, for the first-level cache
  static constexpr std::int64_t rowBlock = 2 * kRegisterRows;
  static constexpr std::int64_t rowGroup = 192;     // of c: 192 KiB, for the second
  static constexpr std::int64_t sinkRows = 192;
  static constexpr std::int64_t columnBlock = 256;
  static constexpr std::int64_t heldColumnBytes = std::int64_t{640} << 10;  // of b, for the second
  static constexpr std::int64_t packedRowBytes = std::int64_t{8} << 20;  // fewer cuts of the depth, as storing sums is what is slow
};
using ProductCut = TiledCut;
#else
using ProductCut = VectorCut;
#endif

struct Float32Steps : VectorCut {
  static constexpr int depth = 1;
  static constexpr bool isInteger = false;
  using Sum = F;
  LATHE_INLINE F multiplyAdd(F sum, F a, F b) { return fma(a, b, sum); }
};

struct Bf16Steps : ProductCut {
  static constexpr int depth = 2;
  static constexpr bool isInteger = false;
  using Sum = F;
  LATHE_INLINE F multiplyAdd(F sum, F a, F b) {
#if defined(LATHE_AVX512BF16)
    return (F)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
    const F upper = (F)((I)a & splatInt(-65536)) * (F)((I)b & splatInt(-65536));
    const F lower = (F)((I)a << 16) * (F)((I)b << 16);
    return sum + lower + upper;
#endif
  }
};

// Small integers, whose products are added exactly in 32 bits. Where a processor multiplies bytes, a step holds four. One side
// of such a multiplication is unsigned, so that a is stored as a + kInt8Offset; kInt8Offset times the sum of a column of b, the
// compensation of this column, is taken off the result again. Tile registers multiply signed bytes and need no offset.
//
// Processors without VNNI first add two products of bytes in 16 bits. Two products are sure to fit where no activation is larger
// than 64. That costs activations one of their bits, and is up to twice as fast as float32; widening bytes to 16 bits beforehand would
// keep the bit and be one and a half times as fast. Of most weights the sums of two steps fit as well (see findPairs), which spares
// half of the widening.
#if defined(LATHE_AVX2) || defined(LATHE_EMULATED)
#define LATHE_INT8_QUADS 1
#endif
#if defined(LATHE_TILE_REGISTERS)
constexpr std::int32_t kInt8Largest = 127;
constexpr std::int32_t kInt8Offset = 0;
#elif defined(LATHE_AVX2) && !defined(LATHE_AVX512BF16)
#define LATHE_BYTES_IN_16_BITS 1
constexpr std::int32_t kInt8Largest = 64;
constexpr std::int32_t kInt8Offset = 64;
#else
constexpr std::int32_t kInt8Largest = 127;
constexpr std::int32_t kInt8Offset = 128;
#endif

// Whether tiles add products of two steps in 16 bits where they fit.
#if defined(LATHE_BYTES_IN_16_BITS) && defined(LATHE_ASSEMBLED_TILE)
constexpr bool kAddsPairs = true;
#else
constexpr bool kAddsPairs = false;
#endif

struct Int8Steps : ProductCut {
  static constexpr bool isInteger = true;
  using Sum = I;
#if defined(LATHE_INT8_QUADS)
  static constexpr int depth = 4;
  LATHE_INLINE I multiplyAdd(I sum, F a, F b) {
#if defined(LATHE_AVX512BF16)
    return (I)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
#elif defined(LATHE_AVX512)
    const __m512i pairs = _mm512_maddubs_epi16((__m512i)a, (__m512i)b);
    return sum + (I)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
#elif defined(LATHE_AVX2)
    const __m256i pairs = _mm256_maddubs_epi16((__m256i)a, (__m256i)b);
    return sum + (I)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#else
    for (int byte = 0; byte < 4; byte++) sum += (((I)a >> (8 * byte)) & 255) * (((I)b << (24 - 8 * byte)) >> 24);
    return sum;
#endif
  }
#else
  static constexpr int depth = 2;
  LATHE_INLINE I multiplyAdd(I sum, F a, F b) {
    return sum + (((I)a << 16) >> 16) * (((I)b << 16) >> 16) + ((I)a >> 16) * ((I)b >> 16);
  }
#endif
};

// What becomes of a tile's sums: c = sums * alpha * rowScale * columnScale + bias + (accumulate ? c : 0).
struct TileOutput {
  float* c;
  std::int64_t row;          // distance between rows of c
  std::int64_t columns;      // of c that belong to the tile, up to NR
  const float* columnScale;  // at the tile's first column, or nullptr
  const float* bias;         // likewise
  float alpha;
  bool accumulate;
  // Whole rows of the tile are written past the caches, which is for a c that the caches could not hold. Rows of c then begin at
  // cache lines.
  bool streams = false;
  // For integers only:
  const float* rowScale = nullptr;             // at the tile's first row
  const std::int32_t* compensation = nullptr;  // of the tile's columns, or nullptr
  const std::uint8_t* pairsFit = nullptr;      // where kAddsPairs: see findPairs
};

// What V vectors of columns are multiplied by, and what is added to them.
template <int V>
LATHE_INLINE void readColumnFactors(const TileOutput& output, F (&scales)[V], F (&biases)[V]) {
  LATHE_UNROLL
  for (int v = 0; v < V; v++) {
    const std::int64_t left = output.columns - v * W;
    scales[v] = splat(output.alpha);
    biases[v] = F{};
    if (left <= 0) continue;
    if (output.columnScale != nullptr) scales[v] = scales[v] * loadUpTo(output.columnScale + v * W, left);
    if (output.bias != nullptr) biases[v] = loadUpTo(output.bias + v * W, left);
  }
}

template <int V, int M>
LATHE_INLINE void storeTile(F (&sums)[M][V], const TileOutput& output) {
  F scales[V], biases[V];
  readColumnFactors<V>(output, scales, biases);
  if (output.columns == V * W) {
    LATHE_UNROLL
    for (int r = 0; r < M; r++) {
      float* c = output.c + r * output.row;
      LATHE_UNROLL
      for (int v = 0; v < V; v++) {
        const F base = output.accumulate ? biases[v] + load(c + v * W) : biases[v];
        store(c + v * W, fma(sums[r][v], scales[v], base));
      }
    }
    return;
  }
  LATHE_UNROLL
  for (int r = 0; r < M; r++) {
    float* c = output.c + r * output.row;
    LATHE_UNROLL
    for (int v = 0; v < V; v++) {
      const std::int64_t left = output.columns - v * W;
      if (left <= 0) continue;
      const F base = output.accumulate ? biases[v] + loadUpTo(c + v * W, left) : biases[v];
      storeUpTo(c + v * W, fma(sums[r][v], scales[v], base), left);
    }
  }
}

// Lines of memory that will be read later, asked for while something else is multiplied: one with every step of depth, `apart` bytes
// from the one before.
struct LinesAhead {
  const char* first = nullptr;
  std::int64_t apart = 0;
};

// Part of the rows of a matrix, which will be read when what is being multiplied is done. The memory takes longer to answer than the
// hardware looks ahead, which is not beyond a page, and rows of a large matrix lie in pages of their own.
class Upcoming {
 public:
  Upcoming() = default;
  // @param bytes of each row
  Upcoming(const void* first, std::int64_t bytes, std::int64_t rows, std::int64_t apart)
      : first_(static_cast<const char*>(first)), apart_(apart), rows_(rows), lines_(ceilDivide(bytes, kBytes)) {}

  // The next ones, for so many steps.
  LinesAhead take(std::int64_t steps) {
    if (line_ >= lines_) return {};
    const LinesAhead lines = {first_ + line_ * kBytes + row_ * apart_, apart_};
    row_ += steps;
    if (row_ >= rows_) row_ = 0, line_++;
    return lines;
  }

 private:
  static constexpr std::int64_t kBytes = 64;
  const char* first_ = nullptr;
  std::int64_t apart_ = 0, rows_ = 0, lines_ = 0;
  std::int64_t row_ = 0, line_ = 0;
};

// The sums of a tile. a: element (r, step) at a[r * aRow + step * aStep]; b: V * W columns of a step at b[step * bStep]. Where a is
// of weights and b of activations the sides are exchanged, of which integers know one without sign.
template <class Steps, int V, int M, bool areExchanged = false>
LATHE_INLINE void sumTile(std::int64_t k, const float* a, std::int64_t aRow, std::int64_t aStep, const float* b, std::int64_t bStep,
                          typename Steps::Sum (&sums)[M][V], [[maybe_unused]] const LinesAhead& ahead,
                          [[maybe_unused]] const std::uint8_t* pairsFit = nullptr) {
#if defined(LATHE_ASSEMBLED_TILE)
  const bool isAssembled = V == NV && M == MR && k >= kAssembledSteps && aRow == 1 && aStep == MR && bStep == NR;
  if constexpr (V == NV && M == MR) {
    if (isAssembled) {
      assembledTile(sums, k / kAssembledSteps, a, b, pairsFit);
      k %= kAssembledSteps;
    }
  }
#else
  constexpr bool isAssembled = false;
#endif
  if (!isAssembled) {
    LATHE_UNROLL
    for (int r = 0; r < M; r++) {
      LATHE_UNROLL
      for (int v = 0; v < V; v++) sums[r][v] = typename Steps::Sum{};
    }
  }
  // Without lines to ask for, one that is there.
  [[maybe_unused]] const char* line = ahead.first == nullptr ? reinterpret_cast<const char*>(b) : ahead.first;
  for (; k > 0; k--, a += aStep, b += bStep) {
    F columns[V];
    if constexpr (NR >= 64) {
      __builtin_prefetch(line, 0, 2);
      line += ahead.apart;
    }
    LATHE_UNROLL
    for (int v = 0; v < V; v++) {
      // A panel of 64 columns is larger than the first-level cache: ask for what comes eight steps on.
      if constexpr (NR >= 64) __builtin_prefetch(b + v * W + 8 * bStep);
      columns[v] = load(b + v * W);
    }
    LATHE_UNROLL
    for (int r = 0; r < M; r++) {
      const F row = splat(a[r * aRow]);
      LATHE_UNROLL
      for (int v = 0; v < V; v++) {
        sums[r][v] = areExchanged ? Steps::multiplyAdd(sums[r][v], columns[v], row) : Steps::multiplyAdd(sums[r][v], row, columns[v]);
      }
    }
  }
}

template <class Steps, int V, int M>
static __attribute__((noinline)) void tile(std::int64_t k, const float* a, std::int64_t aRow, std::int64_t aStep,
                                           const float* b, std::int64_t bStep, const LinesAhead& ahead,
                                           const TileOutput& output) {
  if constexpr (!Steps::isInteger) {
    // Rows of c lie far apart, often in pages of their own: they are asked for before they are needed.
    LATHE_UNROLL
    for (int r = 0; r < M; r++) {
      LATHE_UNROLL
      for (int v = 0; v < V; v += 16 / W > 1 ? 16 / W : 1) __builtin_prefetch(output.c + r * output.row + v * W, 1);
    }
  }
  typename Steps::Sum sums[M][V];
  sumTile<Steps, V, M>(k, a, aRow, aStep, b, bStep, sums, ahead, output.pairsFit);
  if constexpr (Steps::isInteger) {
    F values[M][V];
    LATHE_UNROLL
    for (int v = 0; v < V; v++) {
      const I compensation = output.compensation == nullptr ? I{} : loadInts(output.compensation + v * W);
      LATHE_UNROLL
      for (int r = 0; r < M; r++) {
        values[r][v] = __builtin_convertvector(sums[r][v] - compensation, F) * splat(output.rowScale[r]);
      }
    }
    storeTile<V, M>(values, output);
  } else {
    storeTile<V, M>(sums, output);
  }
}

using TileKernel = void (*)(std::int64_t, const float*, std::int64_t, std::int64_t, const float*, std::int64_t,
                            const LinesAhead&, const TileOutput&);

template <class Steps, int V>
constexpr TileKernel tilesOfWidth[MR] = {tile<Steps, V, 1>, tile<Steps, V, 2>, tile<Steps, V, 3>,
                                         tile<Steps, V, 4>, tile<Steps, V, 5>, tile<Steps, V, 6>};

// The tile for a number of rows, 1 to MR, and of columns, 1 to NR: half or a quarter as wide where that is enough.
template <class Steps>
static TileKernel tileFor(std::int64_t rows, std::int64_t columns) {
  if constexpr (NV == 4) {
    if (columns > 2 * W) return tilesOfWidth<Steps, 4>[rows - 1];
    return columns > W ? tilesOfWidth<Steps, 2>[rows - 1] : tilesOfWidth<Steps, 1>[rows - 1];
  } else {
    return columns <= W ? tilesOfWidth<Steps, 1>[rows - 1] : tilesOfWidth<Steps, 2>[rows - 1];
  }
}

#if defined(LATHE_TILE_REGISTERS)
// Writes to c the sums of A * B tiles, which lie as multiplyTiles leaves them. `rows` is at most 16 A, output.columns at most 16 B.
template <bool isInteger, int A, int B>
LATHE_INLINE void storeSums(const float* sums, std::int64_t rows, const TileOutput& output) {
  F scales[B], biases[B];
  readColumnFactors<B>(output, scales, biases);
  const auto storeRows = [&](auto load, auto store) __attribute__((always_inline)) {
    for (std::int64_t r = 0; r < rows; r++) {
      const float* const row = sums + r / kRegisterRows * (B * kRegisterFloats) + r % kRegisterRows * kRegisterSteps;
      float* const c = output.c + r * output.row;
      LATHE_UNROLL
      for (int v = 0; v < B; v++) {
        const std::int64_t left = output.columns - v * W;
        if (left <= 0) continue;
        F sum = lathe::LATHE_LEVEL::load(row + v * kRegisterFloats);
        if constexpr (isInteger) sum = __builtin_convertvector((I)sum, F) * splat(output.rowScale[r]);
        const F base = output.accumulate ? biases[v] + load(c + v * W, left) : biases[v];
        store(c + v * W, fma(sum, scales[v], base), left);
      }
    }
  };
  if (output.columns == B * W && output.streams) {
    storeRows([](const float* p, std::int64_t) __attribute__((always_inline)) { return lathe::LATHE_LEVEL::load(p); },
              [](float* p, F v, std::int64_t) __attribute__((always_inline)) { storePast(p, v); });
  } else if (output.columns == B * W) {
    storeRows([](const float* p, std::int64_t) __attribute__((always_inline)) { return lathe::LATHE_LEVEL::load(p); },
              [](float* p, F v, std::int64_t) __attribute__((always_inline)) { lathe::LATHE_LEVEL::store(p, v); });
  } else {
    storeRows([](const float* p, std::int64_t left) __attribute__((always_inline)) { return loadUpTo(p, left); },
              [](float* p, F v, std::int64_t left) __attribute__((always_inline)) { storeUpTo(p, v, left); });
  }
}

// c [rows <= 32, output.columns <= NR] over k steps; a in panels of 16 rows, `aPanel` floats apart; `next`: the panel of
// columns that comes after b.
template <bool isInteger, int A>
LATHE_INLINE void multiplyRowTiles(std::int64_t rows, std::int64_t k, const float* a, std::int64_t aPanel, const float* b,
                                   const float* next, TileOutput output) {
  alignas(64) float sums[A * 2 * kRegisterFloats];
  const std::int64_t columns = output.columns;
  for (std::int64_t c = 0; c < columns; c += 2 * kRegisterSteps, b += 2 * kRegisterSteps) {
    output.columns = smaller(2 * kRegisterSteps, columns - c);
    const float* const after = c + 2 * kRegisterSteps < columns ? b + 2 * kRegisterSteps : next;
    if (output.columns > kRegisterSteps) {
      multiplyTiles<isInteger, A, 2>(k, a, aPanel, b, after, NR, sums);
      storeSums<isInteger, A, 2>(sums, rows, output);
    } else {
      multiplyTiles<isInteger, A, 1>(k, a, aPanel, b, after, NR, sums);
      storeSums<isInteger, A, 1>(sums, rows, output);
    }
    output.c += 2 * kRegisterSteps;
    if (output.columnScale != nullptr) output.columnScale += 2 * kRegisterSteps;
    if (output.bias != nullptr) output.bias += 2 * kRegisterSteps;
  }
}
#endif

// c [rows, output.columns <= NR] over k steps: a in panels of Steps::panelRows rows, `aPanel` floats apart, b a panel of NR
// columns. `next` is the panel that will be multiplied after b: tile registers ask the memory for it ahead of time, and other tiles
// for what is upcoming.
template <class Steps>
static __attribute__((noinline)) void multiplyPanels(std::int64_t rows, std::int64_t k, const float* a, std::int64_t aPanel,
                                                     const float* b, [[maybe_unused]] const float* next, TileOutput output,
                                                     [[maybe_unused]] Upcoming* upcoming = nullptr) {
#if defined(LATHE_TILE_REGISTERS)
  if constexpr (Steps::isTiled) {
    for (std::int64_t r = 0; r < rows; r += 2 * kRegisterRows, a += 2 * aPanel) {
      const std::int64_t together = smaller(2 * kRegisterRows, rows - r);
      if (together > kRegisterRows) multiplyRowTiles<Steps::isInteger, 2>(together, k, a, aPanel, b, next, output);
      else multiplyRowTiles<Steps::isInteger, 1>(together, k, a, aPanel, b, next, output);
      output.c += 2 * kRegisterRows * output.row;
      if (Steps::isInteger) output.rowScale += 2 * kRegisterRows;
    }
    return;
  }
#endif
  if constexpr (!Steps::isTiled) {
    for (std::int64_t r = 0; r < rows; r += MR, a += aPanel) {
      tileFor<Steps>(smaller(MR, rows - r), output.columns)(k, a, 1, MR, b, NR, upcoming == nullptr ? LinesAhead() : upcoming->take(k), output);
      output.c += MR * output.row;
      if (Steps::isInteger) output.rowScale += MR;
    }
  }
}

// c [rows, output.columns <= NR], tile by tile down the rows.
template <class Steps>
static __attribute__((noinline)) void tileColumn(std::int64_t rows, std::int64_t k, const float* a, std::int64_t aRow, std::int64_t aStep,
                             const float* b, std::int64_t bStep, TileOutput output) {
  for (std::int64_t r = 0; r < rows; r += MR) {
    tileFor<Steps>(smaller(MR, rows - r), output.columns)(k, a + r * aRow, aRow, aStep, b, bStep, {}, output);
    output.c += MR * output.row;
    if (output.rowScale != nullptr) output.rowScale += MR;
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
