#include "activity.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace lathe {
namespace {

using Slot = std::atomic<std::uint8_t>;

// Slots of the threads that have said something, and the sampler. Never destroyed: threads may outlive every destructor.
struct Register {
  std::mutex lock;
  std::vector<Slot*> slots;

  std::thread sampler;
  std::condition_variable stop;
  bool isSampling = false;
  Samples samples = {};
};

Register& all() {
  static auto* made = new Register();
  return *made;
}

struct OwnSlot {
  Slot slot{static_cast<std::uint8_t>(Activity::outside)};

  OwnSlot() {
    std::lock_guard<std::mutex> guard(all().lock);
    all().slots.push_back(&slot);
  }
  ~OwnSlot() {
    std::lock_guard<std::mutex> guard(all().lock);
    auto& slots = all().slots;
    slots.erase(std::find(slots.begin(), slots.end(), &slot));
  }
};

thread_local OwnSlot own;

void sample(std::int64_t microseconds) {
  Register& r = all();
  std::unique_lock<std::mutex> guard(r.lock);
  auto next = std::chrono::steady_clock::now();
  while (r.isSampling) {
    for (const Slot* slot : r.slots) r.samples.counts[slot->load(std::memory_order_relaxed)]++;
    r.samples.threads = std::max(r.samples.threads, static_cast<std::int64_t>(r.slots.size()));
    // Moments that were slept through are left out rather than caught up with.
    next = std::max(next + std::chrono::microseconds(microseconds), std::chrono::steady_clock::now());
    r.stop.wait_until(guard, next, [&r] { return !r.isSampling; });
  }
}

}  // namespace

Activity doing(Activity activity) {
  const auto before = own.slot.load(std::memory_order_relaxed);
  own.slot.store(static_cast<std::uint8_t>(activity), std::memory_order_relaxed);
  return static_cast<Activity>(before);
}

Activity doingNow() { return static_cast<Activity>(own.slot.load(std::memory_order_relaxed)); }

void startSamples(std::int64_t microseconds) {
  Register& r = all();
  std::lock_guard<std::mutex> guard(r.lock);
  if (r.isSampling) return;
  r.isSampling = true;
  r.samples = {};
  try {
    r.sampler = std::thread(sample, microseconds);
  } catch (const std::system_error&) {
    r.isSampling = false;
  }
}

Samples stopSamples() {
  Register& r = all();
  {
    std::lock_guard<std::mutex> guard(r.lock);
    if (!r.isSampling) return {};
    r.isSampling = false;
    r.stop.notify_all();
  }
  r.sampler.join();
  return r.samples;
}

}  // namespace lathe
