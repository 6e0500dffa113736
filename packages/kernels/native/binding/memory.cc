// Buffers of memory that is not the runtime's, and settings of the process.
#include "../memory.h"

#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "../core_count.h"
#include "../scratch.h"
#include "../thread_pool.h"
#include "arguments.h"
#include "entries.h"

namespace lathe {
namespace {

struct Block {
  void* data = nullptr;
  void* base = nullptr;
  std::size_t bytes = 0;
  bool isMapped = false;
  bool isFree = false;

  void release() {
    if (isFree) return;
    isFree = true;
    if (isMapped) unmapFile(base, bytes);
    else freeBlock(base, bytes);
  }
};

std::mutex blocksLock;
std::unordered_map<void*, std::shared_ptr<Block>>& blocks() {
  static auto* map = new std::unordered_map<void*, std::shared_ptr<Block>>();  // outlives every finaliser
  return *map;
}

void forget(const std::shared_ptr<Block>& block) {
  std::lock_guard<std::mutex> lock(blocksLock);
  const auto found = blocks().find(block->data);
  if (found != blocks().end() && found->second == block) blocks().erase(found);
  block->release();
}

std::unordered_set<void*>& hints() {
  static auto* set = new std::unordered_set<void*>();  // outlives every finaliser
  return *set;
}

// What a buffer's finaliser is given. It runs once, whoever calls it first: some failures to make a buffer call it,
// others do not.
void finaliseBuffer(napi_env, void*, void* hint) {
  {
    std::lock_guard<std::mutex> lock(blocksLock);
    if (hints().erase(hint) == 0) return;
  }
  auto* held = static_cast<std::shared_ptr<Block>*>(hint);
  forget(*held);
  delete held;
}

napi_value bufferOf(const Arguments& a, void* data, std::size_t length, const std::shared_ptr<Block>& block) {
  auto* hint = new std::shared_ptr<Block>(block);
  {
    std::lock_guard<std::mutex> lock(blocksLock);
    blocks()[data] = block;
    hints().insert(hint);
  }
  napi_value buffer;
  const napi_status status = napi_create_external_arraybuffer(a.env(), data, length, finaliseBuffer, hint, &buffer);
  if (status != napi_ok) {
    finaliseBuffer(a.env(), data, hint);
    if (status == napi_no_external_buffers_allowed) a.fail(true, "this runtime takes no memory from outside");
    bool isPending = false;
    napi_is_exception_pending(a.env(), &isPending);
    if (!isPending) a.check(status);
    napi_value exception;
    a.check(napi_get_and_clear_last_exception(a.env(), &exception));
    a.failRange("this runtime takes no buffer of " + std::to_string(length) + " bytes; take less at a time");
  }
  return buffer;
}

napi_value emptyBuffer(const Arguments& a) {
  napi_value buffer;
  void* data;
  a.check(napi_create_arraybuffer(a.env(), 0, &data, &buffer));
  return buffer;
}

}  // namespace

// allocate(bytes) -> ArrayBuffer
void callAllocate(const Arguments& a, napi_value* result) {
  const std::int64_t bytes = a.integer(0, "bytes", 0);
  if (bytes == 0) {
    *result = emptyBuffer(a);
    return;
  }
  void* data = allocateBlock(static_cast<std::size_t>(bytes));
  if (data == nullptr) a.failRange("the system has no " + std::to_string(bytes) + " bytes more");
  auto block = std::make_shared<Block>();
  block->data = block->base = data;
  block->bytes = static_cast<std::size_t>(bytes);
  *result = bufferOf(a, data, block->bytes, block);
}

// mapFile(path, offset, length) -> ArrayBuffer
void callMapFile(const Arguments& a, napi_value* result) {
  const std::string path = a.text(0, "path");
  if (path.find('\0') != std::string::npos) a.failRange("expected a path without null characters");
  const std::int64_t offset = a.isNull(a.value(1)) ? 0 : a.integer(1, "offset", 0);
  const std::int64_t length = a.isNull(a.value(2)) ? -1 : a.integer(2, "length", 0);
  const Mapping mapping = mapFile(path, offset, length);
  if (!mapping.error.empty()) a.failRange("cannot map \"" + path + "\": " + mapping.error);
  if (mapping.bytes == 0) {
    *result = emptyBuffer(a);
    return;
  }
  auto block = std::make_shared<Block>();
  block->data = mapping.data;
  block->base = mapping.base;
  block->bytes = mapping.mappedBytes;
  block->isMapped = true;
  *result = bufferOf(a, mapping.data, mapping.bytes, block);
}

// The block of the buffer that a call has first; nullptr where it was freed before, or is empty.
static std::shared_ptr<Block> blockOf(const Arguments& a) {
  bool isBuffer = false;
  a.check(napi_is_arraybuffer(a.env(), a.value(0), &isBuffer));
  if (!isBuffer) a.fail(true, "expected buffer to be an ArrayBuffer, got " + a.describe(a.value(0)));
  bool detached = false;
  a.check(napi_is_detached_arraybuffer(a.env(), a.value(0), &detached));
  void* data = nullptr;
  std::size_t length = 0;
  a.check(napi_get_arraybuffer_info(a.env(), a.value(0), &data, &length));
  if (detached || length == 0) return nullptr;
  std::shared_ptr<Block> block;
  {
    std::lock_guard<std::mutex> lock(blocksLock);
    const auto found = blocks().find(data);
    if (found != blocks().end()) block = found->second;
  }
  if (block == nullptr) a.failRange("expected a buffer of allocate or mapFile, got another one");
  return block;
}

// free(buffer)
void callFree(const Arguments& a, napi_value*) {
  const std::shared_ptr<Block> block = blockOf(a);
  if (block == nullptr) return;
  a.check(napi_detach_arraybuffer(a.env(), a.value(0)));
  forget(block);
}

// dropPages(buffer, offset, length)
void callDropPages(const Arguments& a, napi_value*) {
  const std::shared_ptr<Block> block = blockOf(a);
  if (block == nullptr) return;
  if (!block->isMapped) a.failRange("expected a buffer of mapFile, got one of allocate");
  const std::int64_t bytes = static_cast<char*>(block->base) + block->bytes - static_cast<char*>(block->data);
  const std::int64_t offset = a.integer(1, "offset", 0, bytes);
  const std::int64_t length = a.integer(2, "length", 0, bytes - offset);
  dropPages(static_cast<char*>(block->data) + offset, static_cast<std::size_t>(length));
}

// memory() -> counts
void callMemory(const Arguments& a, napi_value* result) {
  const MemoryCounts counts = memoryCounts();
  a.check(napi_create_object(a.env(), result));
  const auto put = [&](const char* name, std::int64_t value) {
    napi_value number_;
    a.check(napi_create_int64(a.env(), value, &number_));
    a.check(napi_set_named_property(a.env(), *result, name, number_));
  };
  put("allocatedBytes", counts.allocatedBytes);
  put("allocations", counts.allocations);
  put("peakAllocatedBytes", counts.peakAllocatedBytes);
  put("mappedBytes", counts.mappedBytes);
  put("mappings", counts.mappings);
  put("scratchBytes", scratchBytes());
}

// resetPeak()
void callResetPeak(const Arguments&, napi_value*) { resetPeak(); }

// trimScratch()
void callTrimScratch(const Arguments&, napi_value*) { trimScratch(); }

// threads() -> number
void callThreads(const Arguments& a, napi_value* result) {
  a.check(napi_create_int64(a.env(), threadCount(), result));
}

// setThreads(count)
void callSetThreads(const Arguments& a, napi_value*) {
  setThreadCount(a.integer(0, "count", 1, kMostThreads));
}

}  // namespace lathe
