// Memory that outlives a call: blocks for tensors and mapped files, counted to the byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace lathe {

struct MemoryCounts {
  std::int64_t allocatedBytes;  // blocks that live
  std::int64_t allocations;
  std::int64_t peakAllocatedBytes;
  std::int64_t mappedBytes;  // files that are mapped; resident only as far as they were read
  std::int64_t mappings;
};

// A block of zeros aligned to a cache line, or nullptr when the system has no more.
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
// Takes the whole pages of a part of a mapping or of a block out of the process; when they are touched again they come from the file, or
// are zeros, and what was written to them is lost.
void dropPages(void* data, std::size_t bytes);

MemoryCounts memoryCounts();
// Sets the peak to what is allocated now.
void resetPeak();

}  // namespace lathe
