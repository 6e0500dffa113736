#include "mapped_faults.h"

#include <atomic>
#include <cstdint>
#include <mutex>

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

namespace lathe {
namespace {

// Read by a signal handler, so that nothing of it is locked or given back: one that is no longer used is taken for the next.
struct Watched {
  std::atomic<std::uintptr_t> begin{0};  // 0 where it is not used
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> isDamaged{false};
  std::string path;
  Watched* next = nullptr;
};

std::atomic<Watched*> first{nullptr};
std::atomic<int> damaged{0};
std::mutex lock;
struct sigaction before;
std::uintptr_t pageBytes = 0;

void takeFault(int signal, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (Watched* each = first.load(); each != nullptr; each = each->next) {
    const std::uintptr_t begin = each->begin.load();
    if (begin == 0 || address < begin || address >= each->end.load()) continue;
    void* page = reinterpret_cast<void*>(address / pageBytes * pageBytes);
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    if (mmap(page, pageBytes, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED) break;
    if (!each->isDamaged.exchange(true)) damaged++;
    return;
  }
  // Another's: as it was before, which on return meets the same fault.
  if ((before.sa_flags & SA_SIGINFO) != 0) before.sa_sigaction(signal, info, context);
  else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) before.sa_handler(signal);
  else sigaction(SIGBUS, &before, nullptr);
}

void takeFaults() {
  if (pageBytes != 0) return;
  pageBytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action = {};
  action.sa_sigaction = takeFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &before);
}

}  // namespace

void watchMapping(void* base, std::size_t bytes, const std::string& path) {
  std::lock_guard<std::mutex> guard(lock);
  takeFaults();
  Watched* each = first.load();
  while (each != nullptr && each->begin.load() != 0) each = each->next;
  const bool isNew = each == nullptr;
  if (isNew) each = new Watched();
  each->path = path;
  each->end = reinterpret_cast<std::uintptr_t>(base) + bytes;
  each->begin = reinterpret_cast<std::uintptr_t>(base);
  if (!isNew) return;
  each->next = first.load();
  first = each;
}

void unwatchMapping(void* base) {
  std::lock_guard<std::mutex> guard(lock);
  for (Watched* each = first.load(); each != nullptr; each = each->next) {
    if (each->begin.load() != reinterpret_cast<std::uintptr_t>(base)) continue;
    each->begin = 0;
    if (each->isDamaged.exchange(false)) damaged--;
    return;
  }
}

const std::string* damagedFile() {
  if (damaged.load(std::memory_order_relaxed) == 0) return nullptr;
  std::lock_guard<std::mutex> guard(lock);
  for (Watched* each = first.load(); each != nullptr; each = each->next) {
    if (each->isDamaged.load()) return &each->path;
  }
  return nullptr;
}

}  // namespace lathe
