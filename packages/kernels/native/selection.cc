#include "selection.h"

#include <algorithm>
#include <functional>

namespace lathe {

std::int32_t selectLargest(std::int32_t* numbers, std::int64_t count, std::int64_t place) {
  std::nth_element(numbers, numbers + place, numbers + count, std::greater<std::int32_t>());
  return numbers[place];
}

}  // namespace lathe
