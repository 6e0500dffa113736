// What each thread that computes is doing at a moment, so that samples tell where the time of a step goes.
//
// A thread says what it begins and, when that is over, that it is back at what it did before; a sampler looks at all threads
// many times a second. Saying it costs a few nanoseconds, which is little beside a kernel, whether samples are taken or not.
#pragma once

#include <cstdint>

namespace lathe {

enum class Activity : std::uint8_t {
  outside,      // not in a kernel: JavaScript, and the runtime
  waiting,      // for work, or for the others to end theirs
  product,      // with weights
  weights,      // packed, and rounded, for a product
  rows,         // of activations packed, and rounded, for a product; outliers looked for
  lowRank,      // updates of adapters and products of float32 matrices
  attention,
  head,         // losses over the vocabulary; their products are products
  elementwise,  // norms, gates, sums, copies
  optimiser,
  memory,       // taken and given back
  count
};

// Says what the calling thread does from here on. @returns what it did before
Activity doing(Activity activity);

// What the calling thread is doing.
Activity doingNow();

namespace {

// Says what the calling thread does as long as the object lives.
class Doing {
 public:
  explicit Doing(Activity activity) : before_(doing(activity)) {}
  ~Doing() { doing(before_); }
  Doing(const Doing&) = delete;
  Doing& operator=(const Doing&) = delete;

 private:
  Activity before_;
};

}  // namespace

constexpr int kActivities = static_cast<int>(Activity::count);

// Looks at all threads every so many microseconds from now on. Does nothing where that is under way, or where the system gives no
// thread for it.
void startSamples(std::int64_t microseconds);

// What was seen since startSamples, of all threads together: samples of each activity.
struct Samples {
  std::int64_t counts[kActivities];
  std::int64_t threads;  // that were looked at, at most
};
Samples stopSamples();

}  // namespace lathe
