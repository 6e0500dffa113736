// A function as JavaScript sees it.
#pragma once

#include <vector>

#include "../activity.h"
#include "entries.h"

namespace lathe {

struct Export {
  const char* name;
  int arity;  // arguments, those that may be left out included
  Entry* entry;
  Activity activity;  // what its caller is doing meanwhile
};

// Of each level.
extern const std::vector<Export> kernelExports;
// Of the addon.
extern const std::vector<Export> commonExports;

}  // namespace lathe
