#include "arena.h"

#include <cstdint>
#include <mutex>

#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"
#include "pages.h"

namespace lathe {
namespace {

constexpr std::size_t kArenaBytes = std::size_t{32} << 20;  // and the alignment of arenas, by which a block finds its own

// At the start of an arena; the blocks follow.
struct Arena {
  std::size_t bytes;   // that are mapped
  std::size_t used;    // from the start on; what is freed is not used again, as it would not be zero
  std::size_t blocks;  // that live
};

std::mutex lock;
Arena* current = nullptr;

Arena* arenaOf(void* block) { return reinterpret_cast<Arena*>(reinterpret_cast<std::uintptr_t>(block) / kArenaBytes * kArenaBytes); }

// Gives back what no block will take, of which a huge page at the edge would hold up to two megabytes.
void endArena(Arena* arena) {
  const std::size_t kept = roundUp(arena->used, static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
  if (kept < arena->bytes) munmap(reinterpret_cast<char*>(arena) + kept, arena->bytes - kept);
  arena->bytes = kept;
}

}  // namespace

void* takeInArena(std::size_t bytes) {
  const std::lock_guard<std::mutex> guard(lock);
  if (current == nullptr || current->used + bytes > kArenaBytes) {
    void* const pages = takeAlignedPages(kArenaBytes, kArenaBytes);
    if (pages == nullptr) return nullptr;
    if (current != nullptr) endArena(current);
    current = static_cast<Arena*>(pages);
    current->bytes = kArenaBytes;
    current->used = roundUp(sizeof(Arena), kAlignment);
  }
  void* const block = reinterpret_cast<char*>(current) + current->used;
  current->used += roundUp(bytes, kAlignment);
  current->blocks++;
  return block;
}

void freeInArena(void* block, std::size_t bytes) {
  const std::lock_guard<std::mutex> guard(lock);
  Arena* const arena = arenaOf(block);
  if (--arena->blocks > 0) return dropPages(block, bytes);
  if (arena == current) current = nullptr;
  munmap(arena, arena->bytes);
}

}  // namespace lathe
