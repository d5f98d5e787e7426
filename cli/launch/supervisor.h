// The middle process of a job (job.h): starts the ranks, keeps run.json, forwards signals, watches for
// stalls, and ends what is left. Runs until the job has ended; single threaded, one poll loop.
#pragma once

#include <signal.h>

#include "cli/launch/file_descriptor.h"
#include "cli/launch/job.h"

namespace rankle::cli {

// How the supervisor is connected to its guard.
struct GuardLink {
  const KeeperLink* keeper = nullptr;  // of faults of hosts and network; null = none

  FileDescriptor alive;    // reads end-of-file when the guard is gone
  sigset_t original_mask;  // the signal mask that the user's shell gave us
  pid_t guard_group = 0;   // process group of the guard: it may have the terminal
};

// The signals that rankle passes on to the job.
sigset_t ForwardedSignals();

// The job's exit code, 126/127/2 when it could not be started.
int Supervise(const Job& job, GuardLink link);

}  // namespace rankle::cli
