// Traces of the PyTorch profiler (Kineto): one file a rank, plain or gzip, of any size.
#pragma once

#include "analyzer/import/importer.h"

namespace rankle::import {

class KinetoImporter : public Importer {
 public:
  const char* name() const override { return "pytorch-profiler"; }
  bool Recognises(const std::string& path, const std::string& first_bytes) const override;
  absl::Status Import(const std::vector<std::string>& files, store::Store& store) const override;
};

}  // namespace rankle::import
