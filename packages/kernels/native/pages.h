// Memory as the system gives it.
#pragma once

#include <cstddef>
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

// Gives back what takeAligned or, from kOwnPages on, takePages gave.
inline void giveBack(void* block, std::size_t bytes) {
  if (bytes >= kOwnPages) munmap(block, bytes);
  else std::free(block);
}

}  // namespace lathe
