#include "core_count.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace lathe {
namespace {

std::int64_t usableCores() {
#if defined(__linux__)
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    std::set<std::string> cores;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
      if (!CPU_ISSET(cpu, &allowed)) continue;
      std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
      std::string siblings;
      if (!std::getline(file, siblings)) siblings = std::to_string(cpu);
      cores.insert(siblings);
    }
    if (!cores.empty()) return static_cast<std::int64_t>(cores.size());
  }
#endif
  return std::max<std::int64_t>(1, std::thread::hardware_concurrency());
}

// Processors' worth of time that a container (cgroup v2) may use; infinity without a limit.
double processorShare() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return HUGE_VAL;
  const double share = std::strtod(quota.c_str(), nullptr) / period;
  return share > 0 ? share : HUGE_VAL;
}

}  // namespace

std::int64_t initialThreadCount() {
  if (const char* text = std::getenv("LATHE_THREADS")) {
    char* end = nullptr;
    const long count = std::strtol(text, &end, 10);
    if (end != text && *end == '\0' && count >= 1 && count <= kMostThreads) return count;
  }
  const double share = std::max(1.0, std::floor(processorShare()));
  const double cores = static_cast<double>(std::min(usableCores(), kMostThreads));
  return static_cast<std::int64_t>(std::min(cores, share));
}

}  // namespace lathe
