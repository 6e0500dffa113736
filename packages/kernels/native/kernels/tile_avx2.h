// The full tile of AVX2, 6 rows by 2 vectors over packed operands, four steps of depth at a time, in assembly.
//
// The twelve sums leave four registers for all else, and compilers then keep some values in memory. Besides, a core that shares
// its front end with another thread is bound by the number of instructions, of which constant distances and four steps to a jump
// save an eighth.
#pragma once

#include "simd.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr int kAssembledSteps = 4;

alignas(32) static const std::int16_t kOnes[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

// clang-format off
#define LATHE_CLEAR(n) "vxorps %" #n ", %" #n ", %" #n "\n"
#define LATHE_LOAD_COLUMNS(step)                    \
  "vmovups " #step " * 64(%[b]), %%ymm12\n"         \
  "vmovups " #step " * 64 + 32(%[b]), %%ymm13\n"

// left, right: the operands that hold the sums of the row
#define LATHE_FLOAT_ROW(step, row, left, right)                       \
  "vbroadcastss " #step " * 24 + " #row " * 4(%[a]), %%ymm14\n"       \
  "vfmadd231ps %%ymm12, %%ymm14, %" #left "\n"                        \
  "vfmadd231ps %%ymm13, %%ymm14, %" #right "\n"

#define LATHE_BYTE_ROW(step, row, left, right)                        \
  "vpbroadcastd " #step " * 24 + " #row " * 4(%[a]), %%ymm14\n"       \
  "vpmaddubsw %%ymm12, %%ymm14, %%ymm15\n"                            \
  "vpmaddubsw %%ymm13, %%ymm14, %%ymm14\n"                            \
  "vpmaddwd (%[ones]), %%ymm15, %%ymm15\n"                            \
  "vpmaddwd (%[ones]), %%ymm14, %%ymm14\n"                            \
  "vpaddd %%ymm15, %" #left ", %" #left "\n"                          \
  "vpaddd %%ymm14, %" #right ", %" #right "\n"

// Two steps at a time, of which the sums of both are added in 16 bits before they are widened. Columns come from memory, so that
// registers are left for four sums.
#define LATHE_BYTE_PAIRS(step, next, row)                                  \
  "vpbroadcastd " #step " * 24 + " #row " * 4(%[a]), %%ymm12\n"            \
  "vpbroadcastd " #next " * 24 + " #row " * 4(%[a]), %%ymm13\n"            \
  "vpmaddubsw " #step " * 64(%[b]), %%ymm12, %%ymm14\n"                    \
  "vpmaddubsw " #step " * 64 + 32(%[b]), %%ymm12, %%ymm12\n"               \
  "vpmaddubsw " #next " * 64(%[b]), %%ymm13, %%ymm15\n"                    \
  "vpmaddubsw " #next " * 64 + 32(%[b]), %%ymm13, %%ymm13\n"               \
  "vpaddw %%ymm14, %%ymm15, %%ymm15\n"                                     \
  "vpaddw %%ymm12, %%ymm13, %%ymm13\n"                                     \
  "vpmaddwd (%[ones]), %%ymm15, %%ymm15\n"

#define LATHE_BYTE_PAIRS_ROW(step, next, row, left, right)                 \
  LATHE_BYTE_PAIRS(step, next, row)                                        \
  "vpmaddwd (%[ones]), %%ymm13, %%ymm13\n"                                 \
  "vpaddd %%ymm15, %" #left ", %" #left "\n"                               \
  "vpaddd %%ymm13, %" #right ", %" #right "\n"

// The same, with one of the two widened by shifts: processors that multiply small integers with one unit alone (Zen 2) have others
// for these.
#define LATHE_SHIFTED_PAIRS_ROW(step, next, row, left, right)              \
  LATHE_BYTE_PAIRS(step, next, row)                                        \
  "vpsrad $16, %%ymm13, %%ymm12\n"                                         \
  "vpslld $16, %%ymm13, %%ymm13\n"                                         \
  "vpsrad $16, %%ymm13, %%ymm13\n"                                         \
  "vpaddd %%ymm15, %" #left ", %" #left "\n"                               \
  "vpaddd %%ymm13, %" #right ", %" #right "\n"                             \
  "vpaddd %%ymm12, %" #right ", %" #right "\n"

#define LATHE_PAIRS_OF_ROWS(step, next)                                                       \
  LATHE_BYTE_PAIRS_ROW(step, next, 0, 0, 1) LATHE_SHIFTED_PAIRS_ROW(step, next, 1, 2, 3)      \
  LATHE_BYTE_PAIRS_ROW(step, next, 2, 4, 5) LATHE_SHIFTED_PAIRS_ROW(step, next, 3, 6, 7)      \
  LATHE_BYTE_PAIRS_ROW(step, next, 4, 8, 9) LATHE_SHIFTED_PAIRS_ROW(step, next, 5, 10, 11)

#define LATHE_ROWS(ROW, step)                                                          \
  LATHE_LOAD_COLUMNS(step)                                                             \
  ROW(step, 0, 0, 1) ROW(step, 1, 2, 3) ROW(step, 2, 4, 5)                             \
  ROW(step, 3, 6, 7) ROW(step, 4, 8, 9) ROW(step, 5, 10, 11)

#define LATHE_CLEAR_SUMS                                                                             \
  LATHE_CLEAR(0) LATHE_CLEAR(1) LATHE_CLEAR(2) LATHE_CLEAR(3) LATHE_CLEAR(4) LATHE_CLEAR(5)          \
  LATHE_CLEAR(6) LATHE_CLEAR(7) LATHE_CLEAR(8) LATHE_CLEAR(9) LATHE_CLEAR(10) LATHE_CLEAR(11)
#define LATHE_STEPS(ROW) LATHE_ROWS(ROW, 0) LATHE_ROWS(ROW, 1) LATHE_ROWS(ROW, 2) LATHE_ROWS(ROW, 3)
#define LATHE_SUMS                                                                                                 \
  "=&x"(sums[0][0]), "=&x"(sums[0][1]), "=&x"(sums[1][0]), "=&x"(sums[1][1]), "=&x"(sums[2][0]),                   \
      "=&x"(sums[2][1]), "=&x"(sums[3][0]), "=&x"(sums[3][1]), "=&x"(sums[4][0]), "=&x"(sums[4][1]),               \
      "=&x"(sums[5][0]), "=&x"(sums[5][1])
#define LATHE_USED "ymm12", "ymm13", "ymm14", "ymm15", "cc", "memory"

// sums = products over the first `times` * kAssembledSteps steps, times > 0; a and b move on behind them. a: [step, 6],
// b: [step, 16].
LATHE_INLINE void assembledTile(F (&sums)[6][2], std::int64_t times, const float*& a, const float*& b, const std::uint8_t*) {
  asm volatile(LATHE_CLEAR_SUMS
               ".p2align 5\n"
               "1:\n"
               LATHE_STEPS(LATHE_FLOAT_ROW)
               "add $96, %[a]\n"
               "add $256, %[b]\n"
               "dec %[times]\n"
               "jnz 1b\n"
               : LATHE_SUMS, [a] "+r"(a), [b] "+r"(b), [times] "+r"(times)
               :
               : LATHE_USED);
}
// The same where a step is four bytes, without sign in a; two products of bytes are added in 16 bits first, or those of two steps.
// @param pairsFit of each kAssembledSteps steps whether these fit, not 0
LATHE_INLINE void assembledTile(I (&sums)[6][2], std::int64_t times, const float*& a, const float*& b,
                                const std::uint8_t* pairsFit) {
  asm volatile(LATHE_CLEAR_SUMS
               ".p2align 5\n"
               "1:\n"
               "cmpb $0, (%[pairsFit])\n"
               "je 3f\n"
               LATHE_PAIRS_OF_ROWS(0, 1) LATHE_PAIRS_OF_ROWS(2, 3)
               "2:\n"
               "inc %[pairsFit]\n"
               "add $96, %[a]\n"
               "add $256, %[b]\n"
               "dec %[times]\n"
               "jnz 1b\n"
               "jmp 4f\n"
               "3:\n"
               LATHE_STEPS(LATHE_BYTE_ROW)
               "jmp 2b\n"
               "4:\n"
               : LATHE_SUMS, [a] "+r"(a), [b] "+r"(b), [times] "+r"(times), [pairsFit] "+r"(pairsFit)
               : [ones] "r"(kOnes)
               : LATHE_USED);
}
// clang-format on

#undef LATHE_CLEAR
#undef LATHE_LOAD_COLUMNS
#undef LATHE_FLOAT_ROW
#undef LATHE_BYTE_ROW
#undef LATHE_BYTE_PAIRS
#undef LATHE_BYTE_PAIRS_ROW
#undef LATHE_SHIFTED_PAIRS_ROW
#undef LATHE_PAIRS_OF_ROWS
#undef LATHE_ROWS
#undef LATHE_STEPS
#undef LATHE_CLEAR_SUMS
#undef LATHE_SUMS
#undef LATHE_USED

}  // namespace LATHE_LEVEL
}  // namespace lathe
