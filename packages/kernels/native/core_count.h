// How many threads products gain from.
#pragma once

#include <cstdint>

namespace lathe {

constexpr std::int64_t kMostThreads = 1024;

// LATHE_THREADS where it is a count from 1 to kMostThreads; else cores that this process may use: two threads of one core
// count once (they share its multipliers), and a container's share of processor time is an upper bound.
std::int64_t initialThreadCount();

}  // namespace lathe
