// A function as JavaScript sees it.
#pragma once

#include <vector>

#include "entries.h"

namespace lathe {

struct Export {
  const char* name;
  int arity;  // arguments, those that may be left out included
  Entry* entry;
};

// Of each level.
extern const std::vector<Export> kernelExports;
// Of the addon.
extern const std::vector<Export> commonExports;

}  // namespace lathe
