// Operands to the panels that tiles read: rows of a in panels of MR, columns of b in panels of NR.
//
// A panel holds its steps of depth one after the other. With Bf16Steps a step is a pair of bfloat16, the first in the low
// half; depth is padded with a zero where it is odd.
#pragma once

#include "interleave.h"
#include "tile.h"
#include "widen.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr int kChunk = 64;  // steps that are converted before they are interleaved: a chunk of NR rows stays in the L1 cache

// To bfloat16 in the low half of each lane: nearest, ties to even; NaN stays NaN.
LATHE_INLINE I roundToBf16(F v) {
  const I bits = (I)v;
  const I rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const I isNumber = (I)(v == v);
  return ((isNumber & rounded) | (~isNumber & 0x7fc0)) & 0xffff;
}

LATHE_INLINE void storeHalves(std::uint16_t* to, I words) {
  const HalfW halves = __builtin_convertvector((UnsignedW)words, HalfW);
  std::memcpy(to, &halves, sizeof halves);
}

// to: steps of `count` codes as the panel wants them, each row for itself; room for kChunk steps
template <class Steps, class Type>
LATHE_INLINE void convertSteps(const typename Type::Code* codes, std::int64_t count, const float* scale, float* to) {
  if constexpr (Steps::depth == 1) {
    std::int64_t i = 0;
    for (; i < count; i += W) {
      F v = widenUpTo<Type>(codes + i, count - i);
      if (scale != nullptr) v = v * loadUpTo(scale + i, count - i);
      store(to + i, v);
    }
  } else {
    std::uint16_t* halves = reinterpret_cast<std::uint16_t*>(to);
    std::int64_t i = 0;
    for (; i < count; i += W) {
      F v = widenUpTo<Type>(codes + i, count - i);
      if (scale != nullptr) v = v * loadUpTo(scale + i, count - i);
      storeHalves(halves + i, roundToBf16(v));
    }
    if (i == count && count % 2 != 0) halves[count] = 0;
  }
}

// panel [steps, R] of R rows of codes (row r at codes + r * row, r < rows), depth from 0 to `depth`
template <class Steps, class Type, int R>
static void packRows(const typename Type::Code* codes, std::int64_t row, std::int64_t rows, std::int64_t depth,
                     const float* scale, float* panel) {
  const float* pointers[R];
  if constexpr (Steps::depth == 1 && sizeof(typename Type::Code) == 4) {
    if (scale == nullptr) {
      for (int r = 0; r < R; r++) pointers[r] = codes + smaller(r, rows - 1) * row;
      interleave<R>(pointers, depth, panel);
      return;
    }
  }
  alignas(64) float converted[R][kChunk + W];
  for (int r = 0; r < R; r++) pointers[r] = converted[smaller(r, rows - 1)];
  constexpr std::int64_t codesPerChunk = kChunk * Steps::depth;
  for (std::int64_t k = 0; k < depth; k += codesPerChunk) {
    const std::int64_t count = smaller(codesPerChunk, depth - k);
    for (std::int64_t r = 0; r < rows; r++) {
      convertSteps<Steps, Type>(codes + r * row + k, count, scale == nullptr ? nullptr : scale + k, converted[r]);
    }
    interleave<R>(pointers, ceilDivide(count, Steps::depth), panel + k / Steps::depth * R);
  }
}

// panel [steps, NR] of `columns` <= NR columns of codes whose rows are the depth: element (k, c) at codes[k * row + c]
template <class Steps, class Type>
static void packColumns(const typename Type::Code* codes, std::int64_t row, std::int64_t columns, std::int64_t depth,
                        float* panel) {
  for (std::int64_t k = 0; k < depth; k += Steps::depth, panel += NR) {
    LATHE_UNROLL
    for (int v = 0; v < NV; v++) {
      const std::int64_t left = columns - v * W;
      F first = {};
      if (left > 0) first = widenUpTo<Type>(codes + k * row + v * W, left);
      if constexpr (Steps::depth == 1) {
        store(panel + v * W, first);
      } else {
        F second = {};
        if (left > 0 && k + 1 < depth) second = widenUpTo<Type>(codes + (k + 1) * row + v * W, left);
        store(panel + v * W, (F)(roundToBf16(first) | (roundToBf16(second) << 16)));
      }
    }
  }
}

// panel [depth, MR] of `rows` <= MR rows of a transposed matrix: element (r, k) at a[k * row + r]
LATHE_INLINE void packTransposedRows(const float* a, std::int64_t row, std::int64_t rows, std::int64_t depth, float* panel) {
  for (std::int64_t k = 0; k < depth; k++) {
    for (std::int64_t r = 0; r < MR; r++) panel[k * MR + r] = a[k * row + smaller(r, rows - 1)];
  }
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
