// Starts one process of a job: own process group, tied to the life of its parent, environment and signal mask
// as given.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::cli {

// A directory in whose place the process sees an empty file system in memory.
struct LimitedDirectory {
  std::string path;
  std::string options;  // of tmpfs: size, mode, owner
};

struct SpawnRequest {
  std::string path;                      // program file
  std::vector<std::string> arguments;    // argv, the name included
  std::vector<std::string> environment;  // "NAME=value"
  pid_t process_group = 0;               // to join; 0 = lead a new one
  sigset_t signal_mask;                  // what the program starts with
  bool no_input = false;                 // standard input from /dev/null
  std::vector<int> namespaces;           // to enter; descriptors
  std::vector<int> group_procs;  // cgroup.procs of the control groups to enter; descriptors, open for writing
  int64_t clock_offset_ns = 0;   // of monotonic time, in a time namespace of its own
  std::vector<LimitedDirectory> directories;  // in a mount namespace of its own
  int out = -1, err = -1;                     // standard output and error; -1 = as the parent's
};

// Returns once the program runs. An error means that nothing runs; NotFound and PermissionDenied as in
// command_path.h.
absl::StatusOr<pid_t> Spawn(const SpawnRequest& request);

}  // namespace rankle::cli
