// What `rankle run` was asked to do, and the steps from there to a job that can start. Shared with `rankle
// suite`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/launch/fault_files.h"

namespace rankle::cli {

struct RunOptions {
  std::vector<std::string> command;
  int n = 0;  // 0: run the command once, without rank variables
  int hosts =
      0;  // network namespaces that the ranks are spread over; 0: none, all share this machine's network
  int virtual_gpus = 0;  // 0: real ones
  FaultSources faults;
  std::string output_dir;  // empty: rankle-out/<date>-<pid>
  bool trace = true;
  bool cupti = false;     // kernel times from CUPTI
  bool via_ebpf = false;  // seen from the kernel: nothing is put into the processes
  bool sites = false;  // calls of the C library and exceptions, by call site; also where a fault needs them
  int records = 0;     // 0: librankle's default
  // Every n-th operation's data is sampled and compared between ranks, 0: none. Not given: all where faults
  // are injected (who breaks things on purpose wants to know what came of it), else none.
  std::optional<uint64_t> check_results;
  std::string on_hang = "report";
  std::optional<double> hang_after_s;  // given: also for a job with nothing in flight (hang_detector.h)
  double usual_hang_after_s = 30;      // where none is given
  bool fail_on_anomaly = false;
  bool watch = false;
  std::string node;     // of several that write to one output directory; "auto" = the host's name
  bool capture = true;  // keep what the job prints
  bool quiet = false;
};

struct RunOutcome {
  int exit_code = 0;
  bool started = false;    // false: an error was said and nothing ran
  std::string output_dir;  // absolute; of this node
  std::string job_dir;     // of all nodes
};

double HangAfterSeconds(const RunOptions& options);

// Disk space that the records of a job may come to need.
uint64_t BytesNeeded(const RunOptions& options);

// Is there what the options ask for: enough virtual GPUs, the libraries?
absl::Status CheckRunnable(const RunOptions& options);

// Can this machine make the hosts, and carry out what acts on them? Asked before anything is changed.
absl::Status CheckHosts(const RunOptions& options, const plan::Plan& plan);

// Runs the job to its end. Errors are said on stderr; the exit code is the contract's.
RunOutcome RunToEnd(const RunOptions& options);

}  // namespace rankle::cli
