// Which file a call is about, as an absolute path: what faults on paths are held against. Only for calls at
// which such a fault is aimed, for it costs one to three system calls.
#pragma once

#include <climits>

#include "injector/sites/visit.h"

namespace rankle::sites {

struct FilePath {
  char text[PATH_MAX + 1];  // one more than a path has: the end is always marked
};

// Is the call about a file that has a path? `path` then holds it as the kernel names it, symbolic links
// followed; of a file that is not there yet, the kernel's name of its directory and the last part as the
// program gave it. Of rename the new name counts. Sockets and pipes have none. Async-signal-safe; errno may
// change.
bool PathOf(const Visit& visit, FilePath* path);

// Would this call make a file, or might it need room in one? False for an open that makes none.
bool MayNeedRoom(const Visit& visit);

}  // namespace rankle::sites
