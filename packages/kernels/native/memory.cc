#include "memory.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "mapped_faults.h"
#include "pages.h"

namespace lathe {
namespace {

std::atomic<std::int64_t> allocatedBytes{0};
std::atomic<std::int64_t> allocations{0};
std::atomic<std::int64_t> peakAllocatedBytes{0};
std::atomic<std::int64_t> mappedBytes{0};
std::atomic<std::int64_t> mappings{0};

}  // namespace

void* allocateBlock(std::size_t bytes) {
  if (bytes > SIZE_MAX / 2) return nullptr;
  void* block;
  if (bytes > kMostInArena) {
    block = takePages(bytes);
  } else if (bytes >= kLeastInArena) {
    block = takeInArena(bytes);
  } else {
    const std::size_t rounded = roundUp(bytes > 0 ? bytes : 1, kAlignment);
    block = takeAligned(rounded);
    if (block != nullptr) std::memset(block, 0, rounded);
  }
  if (block == nullptr) return nullptr;
  const std::int64_t now = allocatedBytes += static_cast<std::int64_t>(bytes);
  allocations++;
  std::int64_t peak = peakAllocatedBytes.load();
  while (now > peak && !peakAllocatedBytes.compare_exchange_weak(peak, now)) {
  }
  return block;
}

void freeBlock(void* block, std::size_t bytes) {
  if (bytes > kMostInArena || bytes < kLeastInArena) giveBack(block, bytes);
  else freeInArena(block, bytes);
  allocatedBytes -= static_cast<std::int64_t>(bytes);
  allocations--;
}

Mapping mapFile(const std::string& path, std::int64_t offset, std::int64_t length) {
  Mapping mapping;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    mapping.error = std::strerror(errno);
    return mapping;
  }
  struct stat status;
  if (fstat(file, &status) != 0) {
    mapping.error = std::strerror(errno);
  } else if (!S_ISREG(status.st_mode)) {
    mapping.error = "not a regular file";
  } else {
    const std::int64_t size = status.st_size;
    if (length < 0 && offset <= size) length = size - offset;
    if (offset > size || length > size - offset) {
      mapping.error = "the file has " + std::to_string(size) + " bytes";
    } else if (length == 0) {
      mapping.data = mapping.base;
      mapping.bytes = 0;
    } else {
      const std::int64_t page = sysconf(_SC_PAGESIZE);
      const std::int64_t start = offset / page * page;
      const std::size_t span = static_cast<std::size_t>(length + offset - start);
      void* base = mmap(nullptr, span, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, start);
      if (base == MAP_FAILED) {
        mapping.error = std::strerror(errno);
      } else {
        mapping.base = base;
        mapping.mappedBytes = span;
        mapping.data = static_cast<char*>(base) + (offset - start);
        mapping.bytes = static_cast<std::size_t>(length);
        mappedBytes += static_cast<std::int64_t>(span);
        mappings++;
        watchMapping(base, span, path);
      }
    }
  }
  close(file);
  return mapping;
}

void unmapFile(void* base, std::size_t bytes) {
  unwatchMapping(base);
  munmap(base, bytes);
  mappedBytes -= static_cast<std::int64_t>(bytes);
  mappings--;
}

void dropPages(void* data, std::size_t bytes) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto start = reinterpret_cast<std::uintptr_t>(data), end = start + bytes;
  const std::uintptr_t first = (start + page - 1) / page * page, last = end / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

MemoryCounts memoryCounts() {
  return {allocatedBytes.load(), allocations.load(), peakAllocatedBytes.load(), mappedBytes.load(), mappings.load()};
}

void resetPeak() { peakAllocatedBytes = allocatedBytes.load(); }

}  // namespace lathe
