// What NCCL's own tools write, made up: RAS statuses and events, Inspector records. The texts follow
// the print statements of NCCL 2.30 (jsonWriteHeader and those after it, rasClientsNotifyEvent,
// inspectorCompletedColl).
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

// A job of `ranks` in one communicator, rank r having launched counts[r] all-reduces.
std::string RasStatus(const std::string& time, const std::vector<uint64_t>& counts);

}  // namespace rankle::testing
