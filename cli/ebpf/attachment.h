// What `rankle attach`, `rankle run --via ebpf` and `rankle doctor` want of eBPF. Two implementations:
// attachment.cc, and no_attachment.cc where rankle was built without it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/inspect/machine.h"
#include "cli/launch/fault_files.h"
#include "cli/launch/file_descriptor.h"

namespace rankle::cli {

struct AttachOptions {
  std::vector<int> processes;
  bool children = true;  // also those that run below them already
  FaultSources faults;
  std::string output_dir;
  std::optional<double> for_s;  // detach after so many seconds
  int records = 1 << 16;
  int buffer_mib = 8;
  bool waits = true;
  bool each_probe = false;  // set probes one by one, as on kernels before 6.6
  bool quiet = false;
};

// Attaches until the processes have ended, somebody interrupts, or the time is over. Returns the exit code.
int Attach(const AttachOptions& options);

// A job that is about to be started by this process, watched from a process of its own.
struct WatchedJob {
  std::string output_dir;
  std::string plan_path, control_path;  // empty: no faults
  uint64_t job_id = 0;
  bool trace = true;
  bool kernel_sums = true;  // kernel.json; false: `rankle run` writes it
  int records = 0;          // 0: as many as usual
};

class JobTracer {
 public:
  // Ready when this returns: nothing that this process starts is missed.
  static absl::StatusOr<JobTracer> Start(const WatchedJob& job);
  // Takes in what is left, and detaches.
  void Finish();

 private:
  JobTracer(pid_t pid, FileDescriptor stop) : pid_(pid), stop_(std::move(stop)) {}
  pid_t pid_;
  FileDescriptor stop_;
};

// Can the plan be carried out through eBPF? Says why not.
absl::Status CheckPlanForEbpf(const plan::Plan& plan);

// Lines of `rankle doctor`.
std::vector<Check> CheckEbpf();

}  // namespace rankle::cli
