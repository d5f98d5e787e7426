// What a tool of NCCL recorded of one process, as plain values: NCCL Inspector, the example profiler plugin.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankle::import {

struct ToolCommunicator {
  uint64_t id = 0;
  int32_t size = 0;
  std::string name;  // "" = none
};

struct ToolOperation {
  uint32_t communicator = 0;  // index
  int32_t rank = 0;           // in it
  uint16_t api = 0;
  bool p2p = false;
  bool timed_on_device = false;            // duration: else when the host noticed
  int32_t peer = -1;                       // rank in the communicator
  uint64_t number = 0;                     // of a collective, per communicator and function
  uint64_t count = 0;                      // elements or bytes, the same unit on all ranks; 0 = not told
  int64_t duration_ns = 0;                 // on the device; 0 = not known
  int64_t dumped_ns = 0;                   // a time after it had ended; 0 = not told
  int64_t called_ns = 0, finished_ns = 0;  // on the clock of the log; 0 = not told
};

// One direction of the traffic of one rank with a peer on a channel, as its proxy thread saw it.
struct ToolLink {
  uint32_t communicator = 0;
  int32_t rank = 0, peer = 0, channel = 0;
  bool sends = false;
  uint64_t steps = 0, bytes = 0;
  struct Step {
    int64_t ns = 0;  // from handing it to the network until it was gone
    uint64_t bytes = 0;
  };
  std::vector<Step> timed;  // of what was sent
};

struct ToolLog {
  std::string file, host;
  int32_t pid = 0;
  bool own_clock = false;  // times count from some moment of the process, else they are its host's
  std::vector<ToolCommunicator> communicators;
  std::vector<ToolOperation> operations;  // in order of issue or of completion
  std::vector<ToolLink> links;
  uint64_t records = 0, malformed = 0, unknown_functions = 0;
  bool cut = false;
};

}  // namespace rankle::import
