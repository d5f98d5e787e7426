// The watcher of `run --watch`: a process beside the job that reads the newest records a few times a second,
// says when the job becomes slower and when that is over, and writes the node's digest. What it costs is
// bounded: it sleeps fifty times as long as a look took.
#pragma once

#include "cli/launch/job.h"

namespace rankle::cli {

// Until `stop` reads end-of-file.
void Watch(const Job& job, int stop);

}  // namespace rankle::cli
