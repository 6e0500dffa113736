#include "scratch.h"

#include <atomic>
#include <new>

#include "pages.h"

namespace lathe {
namespace {

std::atomic<std::int64_t> bytesOfAll{0};

struct Slots {
  void* memory[static_cast<int>(Scratch::count)] = {};
  std::size_t bytes[static_cast<int>(Scratch::count)] = {};

  void release(int slot) {
    if (memory[slot] == nullptr) return;
    bytesOfAll -= static_cast<std::int64_t>(bytes[slot]);
    giveBack(memory[slot], bytes[slot]);
    memory[slot] = nullptr;
    bytes[slot] = 0;
  }
  ~Slots() {
    for (int slot = 0; slot < static_cast<int>(Scratch::count); slot++) release(slot);
  }
};

thread_local Slots slots;

}  // namespace

void* scratch(Scratch slot, std::size_t bytes) {
  const int index = static_cast<int>(slot);
  if (slots.bytes[index] >= bytes && slots.memory[index] != nullptr) return slots.memory[index];
  slots.release(index);
  const std::size_t rounded = roundUp(bytes + bytes / 8 + 1, 4096);  // room to grow: the next call often wants a bit more
  void* memory = rounded >= kOwnPages ? takePages(rounded) : takeAligned(rounded);
  if (memory == nullptr) throw std::bad_alloc();
  slots.memory[index] = memory;
  slots.bytes[index] = rounded;
  bytesOfAll += static_cast<std::int64_t>(rounded);
  return memory;
}

void freeScratch(Scratch slot) { slots.release(static_cast<int>(slot)); }

void trimScratch() {
  for (int slot = 0; slot < static_cast<int>(Scratch::count); slot++) slots.release(slot);
}

std::int64_t scratchBytes() { return bytesOfAll.load(); }

}  // namespace lathe
