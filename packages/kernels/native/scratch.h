// What kernels work in: memory that a thread keeps from one call to the next.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lathe {

// Slots of scratch, one set a thread; a slot's memory stays until the thread ends or frees it, and grows as asked.
enum class Scratch {
  packedRows,
  packedColumns,
  sixteenBits,
  columnBlock,
  lowRank,
  termColumns,
  sinkTiles,
  laneRows,
  laneSums,
  laneWeights,
  widenedRows,
  headSums,
  rowScales,
  outlierMask,
  outliers,
  outlierRows,
  outlierWeights,
  scores,
  partials,
  columnSums,
  columnFactors,
  attention,
  sampling,
  count
};

// At least `bytes` bytes, aligned to a cache line, which is the widest vector, with unspecified content. Throws std::bad_alloc.
void* scratch(Scratch slot, std::size_t bytes);

static inline float* scratchFloats(Scratch slot, std::int64_t count) {
  return static_cast<float*>(scratch(slot, static_cast<std::size_t>(count) * sizeof(float)));
}

// Frees a slot of the calling thread, for what is large and used at one moment of a step only.
void freeScratch(Scratch slot);
// Frees the calling thread's slots.
void trimScratch();

// Bytes in all slots of all threads.
std::int64_t scratchBytes();

}  // namespace lathe
