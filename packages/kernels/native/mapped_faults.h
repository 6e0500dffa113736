// What becomes of a process that comes to bytes of a mapped file which are no longer there: another program has cut the file, or its disk
// cannot be read. The system sends SIGBUS, which ends the process where nobody takes it.
#pragma once

#include <cstddef>
#include <string>

namespace lathe {

// Watches a mapping: from now on, zeros are put in place of a page that cannot be read, and the mapping counts as damaged.
void watchMapping(void* base, std::size_t bytes, const std::string& path);

// Ends that. To be called before the mapping is given back.
void unwatchMapping(void* base);

// The file of a mapping that is damaged, or nullptr where none is. Whatever was computed since then may come from zeros.
const std::string* damagedFile();

}  // namespace lathe
