// What NCCL's own tools write, made up: RAS statuses and events, Inspector records, profiler dumps. The
// texts follow the print statements of NCCL 2.30 (jsonWriteHeader and those after it, rasClientsNotifyEvent,
// inspectorCompletedColl, printEvent).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rankle::testing {

struct RasRankText {
  int rank = 0;
  uint64_t all_reduces = 0, all_gathers = 0;
  int init_state = 0, async_error = 0;
  bool finalizing = false;
  bool missing = false, unresponsive = false, dead = false;
  bool unknown = false;  // RAS does not know the process
};

struct RasCommunicatorText {
  uint64_t hash = 0xabc;
  std::vector<int>
      processes;  // of each rank: the process (pid 1000 + n, host 10.0.0.1 + n / 4, device n % 4)
  std::vector<RasRankText> ranks;  // those listed
};

// `time`: "13:06:53".
std::string RasStatus(const std::string& time, const std::vector<RasCommunicatorText>& communicators);
std::string RasPeerDead(const std::string& time, int process);

// An answer in text, of a job of 4 ranks in one communicator: `errors` and `warnings` as RAS lists them.
std::string RasStatusText(const std::string& errors, const std::string& warnings = "");

// A job of `ranks` in one communicator, rank r having launched counts[r] all-reduces.
std::string RasStatus(const std::string& time, const std::vector<uint64_t>& counts);

// One line of an Inspector file.
struct InspectorText {
  uint64_t communicator = 0x7f8c496ae9f661;
  std::string name = "";  // older versions lack it
  int rank = 0, ranks = 4;
  std::string host = "node1";
  int pid = 1000;
  int64_t dumped_us = 1'752'867'229'000'000;
  bool p2p = false;
  std::string function = "AllReduce";
  int64_t number = 0;
  int peer = 0;
  int64_t duration_us = 1000;
  int64_t ended_us = 0;  // verbose: when the kernel ended
};
std::string InspectorLine(const InspectorText& record);

// One operation in a dump of the example profiler; times in microseconds since its process loaded the plugin.
struct ProfilerText {
  int pid = 1000;
  uint64_t communicator = 77;
  int rank = 0;
  bool p2p = false;
  std::string function = "AllReduce";
  uint64_t number = 0;
  int peer = 0;
  double called = 0, begun = 0, ended = 0;  // ended 0: its kernel has not
  bool kernels = true;                      // profiler interface 4 and later
  int next = -1;        // rank to which its proxy sends four steps of 512 KiB; -1 = no proxy
  double step_us = 50;  // that each of them takes
};
std::string ProfilerEvents(const ProfilerText& operation);
// A whole file.
std::string ProfilerDump(const std::vector<ProfilerText>& operations);

}  // namespace rankle::testing
