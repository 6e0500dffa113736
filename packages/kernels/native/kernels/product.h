// c [rows, columns] = a [rows, depth] * b [depth, columns], blocked for the caches.
//
// 1. Rows of a are packed once, in chunks that a third-level cache can hold, and shared by all threads.
// 2. b is widened and packed panel by panel. Small ones are packed once as a whole; of large ones each job packs its own
//    columns, one block of depth at a time, and uses them for every row of the chunk.
// 3. A job covers some panels of columns and some rows. For each block of depth, for each block of rows (which stays in the
//    second-level cache), for each panel of columns (first-level cache): tiles down the rows.
// Depth is cut into the same blocks whatever the number of threads, and blocks are added to c in order.
#pragma once

#include "../memory.h"
#include "../thread_pool.h"
#include "pack.h"

namespace lathe {
namespace LATHE_LEVEL {

constexpr std::int64_t kDepthBlock = 384;                       // steps; a panel of b: 24 KiB (AVX2)
constexpr std::int64_t kRowBlock = 96;                          // rows; a block of a: 144 KiB
constexpr std::int64_t kColumnBlock = 128;                      // columns a job takes, at least a panel
constexpr std::int64_t kPackedRowBytes = std::int64_t{8} << 20;  // chunk of a
constexpr std::int64_t kSharedColumnBytes = std::int64_t{4} << 20;

struct Product {
  std::int64_t rows, columns, depth;
  // element (r, k) at a[r * aRow + k * aStep], one of the two distances 1
  const float* a;
  std::int64_t aRow, aStep;
  const float* depthScale;  // [depth] on a, or nullptr; only where aStep is 1
  // element (k, c) at b[k * bRow + c], or at b[c * bRow + k] where bColumnMajor
  Format format;
  const void* b;
  std::int64_t bRow;
  bool bColumnMajor;
  const float* columnScale;  // [columns] or nullptr
  const float* bias;         // [columns] or nullptr
  float alpha;
  float* c;  // [rows, columns]
  bool accumulate;
};

template <class Steps, class Type>
static void packPanel(const Product& p, std::int64_t panel, std::int64_t depth, std::int64_t from, float* to) {
  const auto* codes = static_cast<const typename Type::Code*>(p.b);
  const std::int64_t column = panel * NR;
  const std::int64_t columns = smaller(NR, p.columns - column);
  if (p.bColumnMajor) {
    packRows<Steps, Type, NR>(codes + column * p.bRow + from, p.bRow, columns, depth, nullptr, to);
  } else {
    packColumns<Steps, Type>(codes + from * p.bRow + column, p.bRow, columns, depth, to);
  }
}

template <class Steps, class Type>
static void multiplyAs(const Product& p) {
  const std::int64_t steps = ceilDivide(p.depth, Steps::depth);
  const std::int64_t block = ceilDivide(steps, ceilDivide(steps, kDepthBlock));
  const std::int64_t panels = ceilDivide(p.columns, NR);
  const std::int64_t threads = threadCount();

  // A single panel reads each row once: packing it would cost more than it saves.
  const bool packsRows = !(Steps::depth == 1 && p.depthScale == nullptr && panels == 1);
  const bool sharesColumns = panels * NR * steps * 4 <= kSharedColumnBytes;
  float* const shared = sharesColumns ? scratchFloats(Scratch::packedColumns, panels * NR * steps) : nullptr;
  if (sharesColumns) {
    const std::int64_t blocks = ceilDivide(steps, block);
    parallel(panels * blocks, [&](std::int64_t job) {
      const std::int64_t from = job % blocks * block;
      const std::int64_t depth = smaller(block * Steps::depth, p.depth - from * Steps::depth);
      packPanel<Steps, Type>(p, job / blocks, depth, from * Steps::depth, shared + (job / blocks * steps + from) * NR);
    });
  }

  const std::int64_t rowsPacked = larger(kRowBlock, kPackedRowBytes / (steps * 4) / kRowBlock * kRowBlock);
  const std::int64_t chunk = packsRows ? rowsPacked : p.rows;
  for (std::int64_t chunkStart = 0; chunkStart < p.rows; chunkStart += chunk) {
    const std::int64_t chunkRows = smaller(chunk, p.rows - chunkStart);
    const float* a = p.a + chunkStart * p.aRow;
    float* packed = nullptr;
    if (packsRows) {
      const std::int64_t rowPanels = ceilDivide(chunkRows, MR);
      packed = scratchFloats(Scratch::packedRows, rowPanels * MR * steps);
      constexpr std::int64_t panelsPerJob = 4;
      parallel(ceilDivide(rowPanels, panelsPerJob), [&](std::int64_t job) {
        for (std::int64_t panel = job * panelsPerJob; panel < smaller(rowPanels, (job + 1) * panelsPerJob); panel++) {
          const float* from = a + panel * MR * p.aRow;
          float* to = packed + panel * MR * steps;
          const std::int64_t rows = smaller(MR, chunkRows - panel * MR);
          if (p.aStep == 1) packRows<Steps, Fp32, MR>(from, p.aRow, rows, p.depth, p.depthScale, to);
          else packTransposedRows(from, p.aStep, rows, p.depth, to);
        }
      });
    }

    const std::int64_t panelsPerJob = larger(1, kColumnBlock / NR);
    const std::int64_t columnJobs = ceilDivide(panels, panelsPerJob);
    // More jobs than threads even out their speeds; but columns that a job packs itself must serve enough rows.
    const std::int64_t wanted = ceilDivide(threads * 4, columnJobs);
    const std::int64_t rowJobs =
        larger(1, smaller(wanted, chunkRows / (sharesColumns ? kRowBlock / 2 : 4 * kRowBlock)));
    const std::int64_t rowsPerJob = ceilDivide(ceilDivide(chunkRows, rowJobs), MR) * MR;
    parallel(columnJobs * rowJobs, [&](std::int64_t job) {
      const std::int64_t firstPanel = job / rowJobs * panelsPerJob;
      const std::int64_t lastPanel = smaller(panels, firstPanel + panelsPerJob);
      const std::int64_t firstRow = job % rowJobs * rowsPerJob;
      const std::int64_t lastRow = smaller(chunkRows, firstRow + rowsPerJob);
      if (firstRow >= lastRow) return;
      float* own = sharesColumns ? nullptr : scratchFloats(Scratch::columnBlock, panelsPerJob * NR * block);
      for (std::int64_t k = 0; k < steps; k += block) {
        const std::int64_t depth = smaller(block, steps - k);
        if (!sharesColumns) {
          for (std::int64_t panel = firstPanel; panel < lastPanel; panel++) {
            packPanel<Steps, Type>(p, panel, smaller(depth * Steps::depth, p.depth - k * Steps::depth), k * Steps::depth,
                                   own + (panel - firstPanel) * NR * block);
          }
        }
        for (std::int64_t row = firstRow; row < lastRow; row += kRowBlock) {
          const std::int64_t rows = smaller(kRowBlock, lastRow - row);
          for (std::int64_t panel = firstPanel; panel < lastPanel; panel++) {
            const std::int64_t column = panel * NR;
            const float* b = sharesColumns ? shared + (panel * steps + k) * NR : own + (panel - firstPanel) * NR * block;
            TileOutput output = {p.c + (chunkStart + row) * p.columns + column,
                                 p.columns,
                                 smaller(NR, p.columns - column),
                                 p.columnScale == nullptr ? nullptr : p.columnScale + column,
                                 p.bias == nullptr || k > 0 ? nullptr : p.bias + column,
                                 p.alpha,
                                 p.accumulate || k > 0};
            if (packsRows) {
              for (std::int64_t r = 0; r < rows; r += MR) {
                tileFor<Steps>(smaller(MR, rows - r), output.columns)(depth, packed + (row + r) * steps + k * MR, 1, MR, b,
                                                                      NR, output);
                output.c += MR * output.row;
              }
            } else {
              tileColumn<Steps>(rows, depth, a + row * p.aRow + k * p.aStep, p.aRow, p.aStep, b, NR, output);
            }
          }
        }
      }
    });
  }
}

// bf16: a may be rounded to bfloat16 where that is faster and b loses nothing by it.
static void multiply(const Product& p, bool bf16) {
  if (p.rows == 0 || p.columns == 0) return;
  if (p.depth == 0) {
    for (std::int64_t r = 0; r < p.rows; r++) {
      for (std::int64_t c = 0; c < p.columns; c++) {
        float& target = p.c[r * p.columns + c];
        target = (p.accumulate ? target : 0.0f) + (p.bias == nullptr ? 0.0f : p.bias[c]);
      }
    }
    return;
  }
  if constexpr (kMultipliesBf16) {
    if (bf16 && p.format == Format::int8) return multiplyAs<Bf16Steps, Int8>(p);
    if (bf16 && p.format == Format::bf16) return multiplyAs<Bf16Steps, Bf16>(p);
  }
  withFormat(p.format, [&](auto type) { multiplyAs<Float32Steps, decltype(type)>(p); });
}

}  // namespace LATHE_LEVEL
}  // namespace lathe
