// Blocks that are smaller than a huge page or not much larger, side by side in pages that the system may make huge.
//
// Each block in pages of its own would lie in small ones: a huge page begins at a multiple of its size and is all of one mapping. The
// processor knows where a few thousand pages lie, which is some megabytes of small ones; beyond that each page of a matrix has to be
// looked for, and what is asked of the memory ahead of time is not fetched at all from a page that it does not know.
#pragma once

#include <cstddef>

namespace lathe {

constexpr std::size_t kLeastInArena = std::size_t{64} << 10;
constexpr std::size_t kMostInArena = std::size_t{8} << 20;

// A block of zeros of kLeastInArena to kMostInArena bytes, aligned to a cache line, or nullptr when the system has no more. Called from
// any thread, like freeInArena.
void* takeInArena(std::size_t bytes);
// Pages that lie within the block go back to the system at once, the others with the neighbours that they are shared with.
void freeInArena(void* block, std::size_t bytes);

}  // namespace lathe
