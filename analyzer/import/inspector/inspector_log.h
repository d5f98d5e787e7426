// Reads one file of NCCL Inspector (<host>-pid<pid>.log): a JSON object a line for each collective, send or
// receive that completed. Format v4.0, NCCL 2.28 on; keys that later versions added or that are
// missing cost nothing.
//
// coll_sn counts per communicator *and function*, from 0 or 1; records of one rank lack what the ring
// overwrote, what is below 8 KiB, and what had no kernel timing. Times are there in verbose mode only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "analyzer/import/tool_log.h"

namespace rankle::import {

bool LooksLikeInspector(std::string_view first_bytes);

class InspectorReader {
 public:
  InspectorReader();
  ~InspectorReader();
  // The next bytes of the file. Error: a line that is too long for any record; nothing may be fed after it.
  absl::Status Feed(std::string_view bytes);
  ToolLog Finish(std::string file);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankle::import
