// What one file of the PyTorch profiler (Kineto) tells of the communication of one rank. The format: Chrome
// trace events with PyTorch's own fields (docs/importers.md has those that are read). Only events of NCCL, of
// c10d and of the profiler's steps are parsed; all others are skipped unread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "analyzer/import/rank_traces/rank_trace.h"

namespace rankle::import {

bool LooksLikeKineto(std::string_view first_bytes);

// Reads one file, piece by piece. The memory it needs is that of what it keeps and of the longest event.
class KinetoReader {
 public:
  KinetoReader();
  ~KinetoReader();
  KinetoReader(const KinetoReader&) = delete;
  KinetoReader& operator=(const KinetoReader&) = delete;

  // Error: no trace. Nothing may be fed after one.
  absl::Status Feed(std::string_view bytes);
  // The file has ended.
  RankTrace Finish(std::string file);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankle::import
