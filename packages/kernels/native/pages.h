// Memory as the system gives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <sys/mman.h>

namespace lathe {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector

// From this size on a block is pages of its own, so that freeing it returns them to the system.
constexpr std::size_t kOwnPages = std::size_t{1} << 20;

inline std::size_t roundUp(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Unspecified content; nullptr when the system has no more, as with takePages.
inline void* takeAligned(std::size_t bytes) {
  void* block = nullptr;
  return posix_memalign(&block, kAlignment, bytes) == 0 ? block : nullptr;
}

// Pages of zeros.
inline void* takePages(std::size_t bytes) {
  void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
#if defined(MADV_HUGEPAGE)
  madvise(pages, bytes, MADV_HUGEPAGE);
#endif
  return pages;
}

// Pages of zeros that begin at a multiple of `alignment`, which is one of the size of pages.
inline void* takeAlignedPages(std::size_t bytes, std::size_t alignment) {
  const std::size_t all = bytes + alignment;
  char* const start = static_cast<char*>(takePages(all));
  if (start == nullptr) return nullptr;
  char* const first = reinterpret_cast<char*>(roundUp(reinterpret_cast<std::uintptr_t>(start), alignment));
  const auto before = static_cast<std::size_t>(first - start), after = alignment - before;
  if (before > 0) munmap(start, before);
  if (after > 0) munmap(first + bytes, after);
  return first;
}

// Gives back what takeAligned or, from kOwnPages on, takePages gave.
inline void giveBack(void* block, std::size_t bytes) {
  if (bytes >= kOwnPages) munmap(block, bytes);
  else std::free(block);
}

}  // namespace lathe
