// Samples of what the threads are doing.
#include "../activity.h"

#include "arguments.h"
#include "entries.h"

namespace lathe {

// As src/activities.ts has them, in the order of Activity.
static const char* const kNames[] = {"outside", "waiting",   "product", "weights",     "rows",      "lowRank",
                                     "attention", "head", "elementwise", "optimiser", "memory"};
static_assert(sizeof kNames / sizeof kNames[0] == kActivities, "each activity has a name");

// startSamples(microseconds)
void callStartSamples(const Arguments& a, napi_value*) { startSamples(a.integer(0, "microseconds", 1)); }

// stopSamples() -> { threads, outside, waiting, ... }
void callStopSamples(const Arguments& a, napi_value* result) {
  const Samples samples = stopSamples();
  a.check(napi_create_object(a.env(), result));
  const auto set = [&](const char* name, std::int64_t number) {
    napi_value value;
    a.check(napi_create_double(a.env(), static_cast<double>(number), &value));
    a.check(napi_set_named_property(a.env(), *result, name, value));
  };
  set("threads", samples.threads);
  for (int i = 0; i < kActivities; i++) set(kNames[i], samples.counts[i]);
}

}  // namespace lathe
