// Execution traces of PyTorch and Chakra: one file a rank, plain or gzip, of any size.
#pragma once

#include "analyzer/import/importer.h"

namespace rankle::import {

class ExecutionTraceImporter : public Importer {
 public:
  const char* name() const override { return "execution-trace"; }
  bool Recognises(const std::string& path, const std::string& first_bytes) const override;
  absl::Status Import(const std::vector<std::string>& files, store::Store& store) const override;
};

}  // namespace rankle::import
