// Imports the directory that `rankle run` leaves: flight records (tracer/record/format.h) and, where they
// exist, transport records (tracer/transport/format.h), kernel records (tracer/cupti/format.h) and run.json.
// Records of kind kInjection, the armed plan and the control page are ground truth for scoring and are never
// read here.
#pragma once

#include "analyzer/import/importer.h"

namespace rankle::import {

class FlightRecordImporter : public Importer {
 public:
  const char* name() const override { return "rankle"; }
  bool Recognises(const std::string& path, const std::string& first_bytes) const override;
  bool IsCompanion(const std::string& path) const override;
  absl::Status Import(const std::vector<std::string>& files, store::Store& store) const override;
};

}  // namespace rankle::import
