// One pool of threads for the process.
//
// Which thread runs which job is left to chance, so a job must own what it writes: kernels cut their work so that every
// output element belongs to one job and is summed there in an order that the number of threads has no part in.
#pragma once

#include <cstdint>

namespace lathe {

using JobBody = void (*)(void* context, std::int64_t job);

// Runs body(context, 0 ... jobs - 1), on the caller too, and returns when all are done. A call from within a job, or while
// another thread's call is running, does all its jobs itself.
void runJobs(std::int64_t jobs, JobBody body, void* context);

// Threads that take part in a call, the caller included. At first LATHE_THREADS, else the processor's cores.
std::int64_t threadCount();

// Takes effect with the next call. @param count at least 1
void setThreadCount(std::int64_t count);

// Runs job(0 ... jobs - 1) over the pool.
template <class Job>
static inline void parallel(std::int64_t jobs, Job&& job) {
  runJobs(
      jobs, [](void* context, std::int64_t index) { (*static_cast<Job*>(context))(index); },
      const_cast<void*>(static_cast<const void*>(&job)));
}

}  // namespace lathe
