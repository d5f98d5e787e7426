// Processes that a run left behind: of this user, with the environment of a run whose rankle is gone. rankle
// and its supervisor end everything when either dies, so that only a machine that lost both at once has some.
// Nothing else can be left: device memory, control pages and claimed ports vanish with the last process.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankle::cli {

// What the environment of a process says about its run.
struct RunMark {
  std::string output_dir;
  uint64_t job_id = 0;
};
// From the text of /proc/PID/environ; nothing for a process that no rankle started.
std::optional<RunMark> RunMarkOf(std::string_view environment);

// What is known about a run from outside.
struct RunTraces {
  bool under_rankle = false;       // a rankle is among the ancestors of the process
  bool is_this_hosts = false;      // its run.json can be read and names this host
  uint64_t last_job_id = 0;        // the last run in the output directory
  bool directory_is_free = false;  // no rankle holds its lock
};
// Is the run of a process with that mark over, beyond doubt?
bool IsOver(const RunMark& mark, const RunTraces& traces);

struct Leftover {
  pid_t pid = 0;
  std::string output_dir;
};
std::vector<Leftover> FindLeftovers();
// Asks them to end, then makes them. Returns how many are still there: stuck in the kernel.
size_t EndLeftovers(const std::vector<Leftover>& leftovers);

}  // namespace rankle::cli
