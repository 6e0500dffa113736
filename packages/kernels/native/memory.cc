#include "memory.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lathe {
namespace {

// From this size on a block is pages of its own, so that freeing it returns them to the system.
constexpr std::size_t kOwnPages = std::size_t{1} << 20;

std::atomic<std::int64_t> allocatedBytes{0};
std::atomic<std::int64_t> allocations{0};
std::atomic<std::int64_t> peakAllocatedBytes{0};
std::atomic<std::int64_t> mappedBytes{0};
std::atomic<std::int64_t> mappings{0};
std::atomic<std::int64_t> scratchBytes{0};

std::size_t roundUp(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

void* takeAligned(std::size_t bytes) {
  void* block = nullptr;
  return posix_memalign(&block, kAlignment, bytes) == 0 ? block : nullptr;
}

struct Slots {
  void* memory[static_cast<int>(Scratch::count)] = {};
  std::size_t bytes[static_cast<int>(Scratch::count)] = {};

  void release(int slot) {
    if (memory[slot] == nullptr) return;
    scratchBytes -= static_cast<std::int64_t>(bytes[slot]);
    if (bytes[slot] >= kOwnPages) munmap(memory[slot], bytes[slot]);
    else std::free(memory[slot]);
    memory[slot] = nullptr;
    bytes[slot] = 0;
  }
  ~Slots() {
    for (int slot = 0; slot < static_cast<int>(Scratch::count); slot++) release(slot);
  }
};

thread_local Slots slots;

void* takePages(std::size_t bytes) {
  void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
#if defined(MADV_HUGEPAGE)
  madvise(pages, bytes, MADV_HUGEPAGE);
#endif
  return pages;
}

}  // namespace

void* allocateBlock(std::size_t bytes) {
  if (bytes > SIZE_MAX / 2) return nullptr;
  void* block;
  if (bytes >= kOwnPages) {
    block = takePages(bytes);
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
  if (bytes >= kOwnPages) munmap(block, bytes);
  else std::free(block);
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
      }
    }
  }
  close(file);
  return mapping;
}

void unmapFile(void* base, std::size_t bytes) {
  munmap(base, bytes);
  mappedBytes -= static_cast<std::int64_t>(bytes);
  mappings--;
}

MemoryCounts memoryCounts() {
  return {allocatedBytes.load(), allocations.load(), peakAllocatedBytes.load(),
          mappedBytes.load(),    mappings.load(),    scratchBytes.load()};
}

void resetPeak() { peakAllocatedBytes = allocatedBytes.load(); }

void* scratch(Scratch slot, std::size_t bytes) {
  const int index = static_cast<int>(slot);
  if (slots.bytes[index] >= bytes && slots.memory[index] != nullptr) return slots.memory[index];
  slots.release(index);
  const std::size_t rounded = roundUp(bytes + bytes / 8 + 1, 4096);  // room to grow: the next call often wants a bit more
  void* memory = rounded >= kOwnPages ? takePages(rounded) : takeAligned(rounded);
  if (memory == nullptr) throw std::bad_alloc();
  slots.memory[index] = memory;
  slots.bytes[index] = rounded;
  scratchBytes += static_cast<std::int64_t>(rounded);
  return memory;
}

void freeScratch(Scratch slot) { slots.release(static_cast<int>(slot)); }

void trimScratch() {
  for (int slot = 0; slot < static_cast<int>(Scratch::count); slot++) slots.release(slot);
}

}  // namespace lathe
