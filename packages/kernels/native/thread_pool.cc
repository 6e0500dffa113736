#include "thread_pool.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <pthread.h>

#include "activity.h"
#include "core_count.h"

namespace lathe {
namespace {

// A wake-up through the kernel takes tens of microseconds, as long as a small product, and between two kernels of a training
// step the caller is away for up to a hundred: who waits looks for longer than both before it sleeps.
constexpr auto kSpin = std::chrono::microseconds(200);

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

template <class Condition>
bool spinUntil(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; i++) {
      if (condition()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return condition();
}

thread_local bool insideJob = false;

class Pool {
 public:
  explicit Pool(std::int64_t threads) : threads_(threads) {}

  std::int64_t threads() const { return threads_.load(std::memory_order_relaxed); }

  void resize(std::int64_t threads) {
    std::lock_guard<std::mutex> turn(callers_);
    if (threads == threads_) return;
    stopWorkers();
    threads_ = threads;
  }

  void run(std::int64_t jobs, JobBody body, void* context) {
    std::unique_lock<std::mutex> turn(callers_, std::defer_lock);
    if (jobs <= 1 || insideJob || threads() <= 1 || !turn.try_lock()) {
      const bool outer = insideJob;
      insideJob = true;
      for (std::int64_t job = 0; job < jobs; job++) body(context, job);
      insideJob = outer;
      return;
    }
    if (workers_.empty()) startWorkers();
    activity_ = doingNow();
    jobs_ = jobs;
    body_ = body;
    context_ = context;
    next_.store(0, std::memory_order_relaxed);
    const std::uint64_t call = ++calls_;
    open_.store(call);
    {
      std::lock_guard<std::mutex> lock(sleep_);
      latest_ = call;
      if (sleepers_ > 0) wake_.notify_all();
    }
    takeJobs();
    // Whoever counted itself in before this line is waited for; whoever comes later finds the call closed.
    open_.store(0);
    const Doing waiting(Activity::waiting);
    if (!spinUntil([this] { return active_.load() == 0; })) {
      std::unique_lock<std::mutex> lock(sleep_);
      done_.wait(lock, [this] { return active_.load() == 0; });
    }
  }

 private:
  void takeJobs() {
    insideJob = true;
    for (std::int64_t job; (job = next_.fetch_add(1, std::memory_order_relaxed)) < jobs_;) body_(context_, job);
    insideJob = false;
  }

  void work() {
    std::uint64_t seen = 0;
    doing(Activity::waiting);
    for (;;) {
      const bool found = spinUntil([&] {
        const std::uint64_t open = open_.load();
        return (open != 0 && open != seen) || stopping_.load();
      });
      if (!found) {
        std::unique_lock<std::mutex> lock(sleep_);
        sleepers_++;
        wake_.wait(lock, [&] { return latest_ > seen || stopping_.load(); });
        sleepers_--;
      }
      if (stopping_.load()) return;
      active_.fetch_add(1);
      const std::uint64_t open = open_.load();
      if (open != 0 && open != seen) {
        seen = open;
        const Doing jobs(activity_);
        takeJobs();
      } else if (!found) {
        // Woken for a call that is over already.
        std::lock_guard<std::mutex> lock(sleep_);
        seen = latest_;
      }
      if (active_.fetch_sub(1) == 1) {
        std::lock_guard<std::mutex> lock(sleep_);
        done_.notify_all();
      }
    }
  }

  void startWorkers() {
    stopping_ = false;
    for (std::int64_t i = 1; i < threads_; i++) {
      try {
        workers_.emplace_back([this] { work(); });
      } catch (const std::system_error&) {
        break;  // the system gives no more threads: fewer do the same work
      }
    }
  }

  void stopWorkers() {
    {
      std::lock_guard<std::mutex> lock(sleep_);
      stopping_ = true;
      wake_.notify_all();
    }
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

  std::mutex callers_;  // held for a whole call
  std::atomic<std::int64_t> threads_;
  std::vector<std::thread> workers_;

  // The call in progress; written only while it is closed and nobody is active.
  Activity activity_ = Activity::outside;  // the caller's, which its helpers take part in
  std::int64_t jobs_ = 0;
  JobBody body_ = nullptr;
  void* context_ = nullptr;
  std::uint64_t calls_ = 0;
  std::atomic<std::int64_t> next_{0};
  std::atomic<std::uint64_t> open_{0};  // number of the call that takes workers, or 0
  std::atomic<std::int64_t> active_{0};
  std::atomic<bool> stopping_{false};

  std::mutex sleep_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::uint64_t latest_ = 0;
  std::int64_t sleepers_ = 0;
};

std::atomic<Pool*> pool{nullptr};

// The pool is never destroyed: a process may exit while a worker thread of Node's is in the middle of a kernel.
Pool& instance() {
  static std::once_flag once;
  std::call_once(once, [] {
    pool = new Pool(initialThreadCount());
    // A child of fork has none of the threads, and locks in any state: it starts over.
    pthread_atfork(nullptr, nullptr, [] {
      insideJob = false;
      pool = new Pool(pool.load()->threads());
    });
  });
  return *pool.load();
}

}  // namespace

void runJobs(std::int64_t jobs, JobBody body, void* context) { instance().run(jobs, body, context); }

std::int64_t threadCount() { return instance().threads(); }

void setThreadCount(std::int64_t count) { instance().resize(count); }

}  // namespace lathe
