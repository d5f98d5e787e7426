// One file of NCCL Inspector (<host>-pid<pid>.log) as plain values: a JSON object a line for each collective,
// send or receive that completed. Format v4.0, NCCL 2.28 on; keys that later versions added or that are
// missing cost nothing.
//
// coll_sn counts per communicator *and function*, from 0 or 1; records of one rank lack what the ring
// overwrote, what is below 8 KiB, and what had no kernel timing. Times are there in verbose mode only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace rankle::import {

struct InspectorCommunicator {
  uint64_t id = 0;
  int32_t size = 0;
  std::string name;  // "" = none
};

struct InspectorOperation {
  uint32_t communicator = 0;  // index
  int32_t rank = 0;           // in it
  uint16_t api = 0;
  bool p2p = false;
  bool timed_on_device = false;  // duration: else when the host noticed
  int32_t peer = -1;             // rank in the communicator
  uint64_t number = 0;           // coll_sn or p2p_sn
  uint64_t bytes = 0;
  int64_t duration_us = 0;
  int64_t dumped_us = 0;                   // since the epoch, after it had ended
  int64_t called_us = 0, finished_us = 0;  // since the epoch; 0 = not verbose
};

struct InspectorLog {
  std::string file, host;
  int32_t pid = 0;
  std::vector<InspectorCommunicator> communicators;
  std::vector<InspectorOperation> operations;  // as written
  uint64_t records = 0, malformed = 0, unknown_functions = 0;
  bool cut = false;
};

bool LooksLikeInspector(std::string_view first_bytes);

class InspectorReader {
 public:
  InspectorReader();
  ~InspectorReader();
  // The next bytes of the file. Error: a line that is too long for any record; nothing may be fed after it.
  absl::Status Feed(std::string_view bytes);
  InspectorLog Finish(std::string file);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankle::import
