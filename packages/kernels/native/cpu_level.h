// Levels of processor features that kernels are compiled for, and which of them this machine has.
#pragma once

#include <vector>

#include "kernels.h"

namespace lathe {

// Levels that were compiled in and that this processor and system run, best first; never empty.
const std::vector<const Kernels*>& availableLevels();

// Names of the levels that were compiled in, best first.
const std::vector<const char*>& compiledLevels();

}  // namespace lathe
