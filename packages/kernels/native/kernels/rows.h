// Kernels that move rows: transposition, lookup in an embedding table and its gradient.
#pragma once

#include "../thread_pool.h"
#include "interleave.h"
#include "widen.h"

namespace lathe {
namespace LATHE_LEVEL {

static void transpose(const float* x, float* out, std::int64_t m, std::int64_t n) {
  constexpr std::int64_t edge = 64;
  const std::int64_t across = ceilDivide(n, edge);
  parallel(ceilDivide(m, edge) * across, [&](std::int64_t job) {
    const std::int64_t i0 = job / across * edge;
    const std::int64_t j0 = job % across * edge;
    const std::int64_t i1 = smaller(m, i0 + edge);
    const std::int64_t j1 = smaller(n, j0 + edge);
    for (std::int64_t i = i0; i < i1; i += T) {
      for (std::int64_t j = j0; j < j1; j += T) {
        if (i + T <= i1 && j + T <= j1) {
          Block block[T];
          LATHE_UNROLL
          for (int r = 0; r < T; r++) block[r] = loadBlock(x + (i + r) * n + j);
          transposeBlock(block);
          LATHE_UNROLL
          for (int r = 0; r < T; r++) storeBlock(out + (j + r) * m + i, block[r]);
        } else {
          for (std::int64_t r = i; r < smaller(i1, i + T); r++) {
            for (std::int64_t c = j; c < smaller(j1, j + T); c++) out[c * m + r] = x[r * n + c];
          }
        }
      }
    }
  });
}

static void gatherRows(const Weight& table, const std::int32_t* ids, float* out, std::int64_t N) {
  constexpr std::int64_t rowsPerJob = 16;
  const std::int64_t width = table.columns;
  withFormat(table.format, [&](auto type) {
    using Type = decltype(type);
    const float* const scales = table.format == Format::int8 ? table.scales : nullptr;
    parallel(ceilDivide(N, rowsPerJob), [&](std::int64_t job) {
      for (std::int64_t row = job * rowsPerJob; row < smaller(N, (job + 1) * rowsPerJob); row++) {
        const std::int64_t id = ids[row];
        const WeightRow<Type> source(table, id);
        const F factor = splat(scales == nullptr ? 1.0f : scales[id]);
        for (std::int64_t c = 0; c < width; c += W) {
          const std::int64_t n = smaller(W, width - c);
          const F v = source.at(c, n);
          storeUpTo(out + row * width + c, scales == nullptr ? v : v * factor, n);
        }
      }
    });
  });
}

static void scatterAddRows(const ScatterAddRows& s) {
  const std::int64_t width = s.width;
  constexpr std::int64_t columnsPerJob = 64;  // a job owns columns, so that rows named twice are added in order
  parallel(ceilDivide(width, columnsPerJob), [&](std::int64_t job) {
    const std::int64_t end = smaller(width, (job + 1) * columnsPerJob);
    for (std::int64_t row = 0; row < s.N; row++) {
      float* target = s.dTable + static_cast<std::int64_t>(s.ids[row]) * width;
      for (std::int64_t c = job * columnsPerJob; c < end; c += W) {
        const std::int64_t n = smaller(W, end - c);
        storeUpTo(target + c, loadUpTo(target + c, n) + loadUpTo(s.dOut + row * width + c, n), n);
      }
    }
  });
}

static void scaleRows(const ScaleRows& s) {
  const std::int64_t width = s.width;
  const std::int64_t rowsPerJob = larger(1, 16384 / width);
  parallel(ceilDivide(s.N, rowsPerJob), [&](std::int64_t job) {
    for (std::int64_t row = job * rowsPerJob; row < smaller(s.N, (job + 1) * rowsPerJob); row++) {
      const F factor = splat(s.factors[row]);
      for (std::int64_t c = 0; c < width; c += W) {
        const std::int64_t n = smaller(W, width - c);
        storeUpTo(s.out + row * width + c, loadUpTo(s.x + row * width + c, n) * factor, n);
      }
    }
  });
}

static void sumRows(const SumRows& s) {
  const float* const x = s.x;
  const std::int64_t N = s.N, width = s.width;
  constexpr std::int64_t columnsPerJob = 64;  // a job owns columns, and adds rows in order
  parallel(ceilDivide(width, columnsPerJob), [&](std::int64_t job) {
    const std::int64_t end = smaller(width, (job + 1) * columnsPerJob);
    for (std::int64_t c = job * columnsPerJob; c < end; c += W) {
      const std::int64_t n = smaller(W, end - c);
      F sum = s.accumulate ? loadUpTo(s.sums + c, n) : F{};
      for (std::int64_t row = 0; row < N; row++) sum = sum + loadUpTo(x + row * width + c, n);
      storeUpTo(s.sums + c, sum, n);
    }
  });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
