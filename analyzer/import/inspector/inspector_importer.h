// NCCL Inspector (the profiler plugin that NCCL ships since 2.28): JSON lines, one file a process.
#pragma once

#include "analyzer/import/importer.h"

namespace rankle::import {

class InspectorImporter : public Importer {
 public:
  const char* name() const override { return "nccl-inspector"; }
  bool Recognises(const std::string& path, const std::string& first_bytes) const override;
  absl::Status Import(const std::vector<std::string>& files, store::Store& store) const override;
};

}  // namespace rankle::import
