// Memory that outlives a call: blocks for tensors and mapped files, counted to the byte. And scratch for kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace lathe {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector

struct MemoryCounts {
  std::int64_t allocatedBytes;  // blocks that live
  std::int64_t allocations;
  std::int64_t peakAllocatedBytes;
  std::int64_t mappedBytes;  // files that are mapped; resident only as far as they were read
  std::int64_t mappings;
  std::int64_t scratchBytes;  // what kernels keep to work in
};

// A block of zeros aligned to kAlignment, or nullptr when the system has no more.
void* allocateBlock(std::size_t bytes);
void freeBlock(void* block, std::size_t bytes);

struct Mapping {
  void* base = nullptr;  // what unmapFile wants
  std::size_t mappedBytes = 0;
  void* data = nullptr;  // the byte at the offset asked for; nullptr on failure
  std::size_t bytes = 0;
  std::string error;
};

// Maps bytes [offset, offset + length) of a file, to its end where length is negative. Pages are private copies once
// written to: the file cannot change through the mapping.
Mapping mapFile(const std::string& path, std::int64_t offset, std::int64_t length);
void unmapFile(void* base, std::size_t mappedBytes);

MemoryCounts memoryCounts();
// Sets the peak to what is allocated now.
void resetPeak();

// Slots of scratch, one set a thread; a slot's memory stays until the thread ends or frees it, and grows as asked.
enum class Scratch {
  packedRows,
  packedColumns,
  columnBlock,
  lowRank,
  termColumns,
  sinkTiles,
  headSums,
  rowScales,
  outlierMask,
  outliers,
  outlierRows,
  outlierWeights,
  scores,
  partials,
  attention,
  count
};

// At least `bytes` bytes, aligned to kAlignment, with unspecified content. Throws std::bad_alloc.
void* scratch(Scratch slot, std::size_t bytes);

inline float* scratchFloats(Scratch slot, std::int64_t count) {
  return static_cast<float*>(scratch(slot, static_cast<std::size_t>(count) * sizeof(float)));
}

// Frees a slot of the calling thread, for what is large and used at one moment of a step only.
void freeScratch(Scratch slot);
// Frees the calling thread's slots.
void trimScratch();

}  // namespace lathe
