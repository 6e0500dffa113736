// What kernels want of the standard library's algorithms, compiled for no level: see level.cc.
#pragma once

#include <cstdint>

namespace lathe {

// The number that has `place` others before it when numbers are in descending order. Changes their order.
// @param place from 0 to count - 1
std::int32_t selectLargest(std::int32_t* numbers, std::int64_t count, std::int64_t place);

}  // namespace lathe
