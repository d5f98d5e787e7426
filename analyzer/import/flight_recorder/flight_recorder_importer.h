// Imports PyTorch Flight Recorder dumps, one file a rank: pickle or JSON, plain or gzip, under any name.
#pragma once

#include "analyzer/import/importer.h"

namespace rankle::import {

class FlightRecorderImporter : public Importer {
 public:
  const char* name() const override { return "pytorch-flight-recorder"; }
  bool Recognises(const std::string& path, const std::string& first_bytes) const override;
  absl::Status Import(const std::vector<std::string>& files, store::Store& store) const override;
};

}  // namespace rankle::import
