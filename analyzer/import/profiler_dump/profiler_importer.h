// Dumps of NCCL's example profiler plugin: one file a communicator and rank (or a process, before NCCL 2.29).
#pragma once

#include "analyzer/import/importer.h"

namespace rankle::import {

class ProfilerDumpImporter : public Importer {
 public:
  const char* name() const override { return "nccl-profiler"; }
  bool Recognises(const std::string& path, const std::string& first_bytes) const override;
  absl::Status Import(const std::vector<std::string>& files, store::Store& store) const override;
};

}  // namespace rankle::import
