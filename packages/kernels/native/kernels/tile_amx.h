// Tile registers of AMX: eight of 16 rows of 64 bytes. One instruction multiplies 16 rows of a by 16 columns of b over 16
// steps of depth and adds to 16 x 16 sums, a vector's work sixteen times over.
//
// 32 rows times 32 columns take four registers of sums, two of a and two of b: as many loads as multiplications, and a load
// takes half as long. The 32 rows of a stay in the first-level cache while b streams from the second.
#pragma once

#include "simd.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr int kRegisterRows = 16;
constexpr int kRegisterSteps = 16;                         // of 4 bytes
constexpr int kRegisterFloats = kRegisterRows * kRegisterSteps;

#if defined(LATHE_AMX)
// The shape of every register: all of it.
struct TileShapes {
  std::uint8_t palette = 1, startRow = 0, reserved[14] = {};
  std::uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// Instructions by name and not by intrinsic: GCC's do not say that a load reads memory, so that stores may move behind it.
#define LATHE_TILE_LOAD(tile, from, stride) \
  asm volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"(from), "r"(static_cast<std::int64_t>(stride)) : "memory")
#define LATHE_TILE_STORE(tile, to) \
  asm volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), "r"(static_cast<std::int64_t>(64)) : "memory")
#define LATHE_TILE_ZERO(tile) asm volatile("tilezero %%tmm" #tile ::)
#define LATHE_TILE_MULTIPLY(isInteger, sum, a, b)                                     \
  do {                                                                                \
    if constexpr (isInteger) asm volatile("tdpbssd %%tmm" #b ", %%tmm" #a ", %%tmm" #sum ::); \
    else asm volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #sum ::);           \
  } while (false)

// The thread may use tile registers while an object of this type lives. Were they taken for good, the system would have to save
// their 8 KiB at each change of threads.
// Taking and releasing them costs as much as a hundred multiplications, so that a whole job takes them once.
struct TileRegisters {
  const bool isWanted;
  explicit TileRegisters(bool wanted) : isWanted(wanted) {
    static const TileShapes shapes;
    if (wanted) asm volatile("ldtilecfg %0" ::"m"(shapes));
  }
  ~TileRegisters() {
    if (isWanted) asm volatile("tilerelease" ::);
  }
  TileRegisters(const TileRegisters&) = delete;
};
#else
// The same out of portable code, for tests.
static thread_local std::uint32_t emulatedTiles[8][kRegisterFloats];

struct TileRegisters {
  explicit TileRegisters(bool wanted) {
    if (wanted) std::memset(emulatedTiles, 0, sizeof emulatedTiles);
  }
};

LATHE_INLINE void loadEmulatedTile(int tile, const void* from, std::int64_t stride) {
  for (int row = 0; row < kRegisterRows; row++) {
    std::memcpy(emulatedTiles[tile] + row * 16, static_cast<const char*>(from) + row * stride, 64);
  }
}
LATHE_INLINE float upperHalf(std::uint32_t word) {
  word &= 0xffff0000u;
  float value;
  std::memcpy(&value, &word, 4);
  return value;
}
template <bool isInteger>
LATHE_INLINE void multiplyEmulatedTiles(int sums, int a, int b) {
  for (int row = 0; row < kRegisterRows; row++) {
    for (int step = 0; step < kRegisterSteps; step++) {
      const std::uint32_t left = emulatedTiles[a][row * 16 + step];
      for (int column = 0; column < 16; column++) {
        const std::uint32_t right = emulatedTiles[b][step * 16 + column];
        std::uint32_t& word = emulatedTiles[sums][row * 16 + column];
        if constexpr (isInteger) {
          for (int byte = 0; byte < 4; byte++) {
            word += static_cast<std::uint32_t>(static_cast<std::int8_t>(left >> (8 * byte)) *
                                               static_cast<std::int8_t>(right >> (8 * byte)));
          }
        } else {
          float sum;
          std::memcpy(&sum, &word, 4);
          sum += upperHalf(left << 16) * upperHalf(right << 16);
          sum += upperHalf(left) * upperHalf(right);
          std::memcpy(&word, &sum, 4);
        }
      }
    }
  }
}
#define LATHE_TILE_LOAD(tile, from, stride) loadEmulatedTile(tile, from, stride)
#define LATHE_TILE_STORE(tile, to) std::memcpy(to, emulatedTiles[tile], sizeof emulatedTiles[tile])
#define LATHE_TILE_ZERO(tile) std::memset(emulatedTiles[tile], 0, sizeof emulatedTiles[tile])
#define LATHE_TILE_MULTIPLY(isInteger, sum, a, b) multiplyEmulatedTiles<isInteger>(sum, a, b)
#endif

// sums [A * B][16 x 16], of A tiles of rows and B of columns (1 or 2 each), row tiles outermost, over k steps, a multiple of
// kRegisterSteps. a: tiles of 16 rows x 16 steps, one after the other, the second tile of rows `aPanel` floats on; b: steps
// `bStep` floats apart, and `after` the columns that will be multiplied next.
template <bool isInteger, int A, int B>
LATHE_INLINE void multiplyTiles(std::int64_t k, const float* a, std::int64_t aPanel, const float* b, const float* after,
                                std::int64_t bStep, float* sums) {
  const std::int64_t stride = bStep * 4;
  // The hardware does not foresee lines that lie so far apart: they are asked for two multiplications ahead.
  constexpr std::int64_t ahead = 2 * kRegisterSteps;
  const float* fetched = b + ahead * bStep;
  LATHE_TILE_ZERO(0);
  if constexpr (B == 2) LATHE_TILE_ZERO(1);
  if constexpr (A == 2) LATHE_TILE_ZERO(2);
  if constexpr (A == 2 && B == 2) LATHE_TILE_ZERO(3);
  for (; k > 0; k -= kRegisterSteps, a += kRegisterFloats, b += kRegisterSteps * bStep) {
    if (k == ahead) fetched = after;
    LATHE_UNROLL
    for (int step = 0; step < kRegisterSteps; step++) {
      __builtin_prefetch(fetched + step * bStep);
      if constexpr (B == 2) __builtin_prefetch(fetched + step * bStep + 16);
    }
    fetched += kRegisterSteps * bStep;
    LATHE_TILE_LOAD(6, b, stride);
    LATHE_TILE_LOAD(4, a, 64);
    LATHE_TILE_MULTIPLY(isInteger, 0, 4, 6);
    if constexpr (B == 2) {
      LATHE_TILE_LOAD(7, b + 16, stride);
      LATHE_TILE_MULTIPLY(isInteger, 1, 4, 7);
    }
    if constexpr (A == 2) {
      LATHE_TILE_LOAD(5, a + aPanel, 64);
      LATHE_TILE_MULTIPLY(isInteger, 2, 5, 6);
      if constexpr (B == 2) LATHE_TILE_MULTIPLY(isInteger, 3, 5, 7);
    }
  }
  LATHE_TILE_STORE(0, sums);
  if constexpr (B == 2) LATHE_TILE_STORE(1, sums + kRegisterFloats);
  if constexpr (A == 2) LATHE_TILE_STORE(2, sums + B * kRegisterFloats);
  if constexpr (A == 2 && B == 2) LATHE_TILE_STORE(3, sums + 3 * kRegisterFloats);
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
