// NCCL's RAS subsystem, as `ncclras -f json` prints it: one status a file, or several one after the other,
// and the events of its monitor.
#pragma once

#include "analyzer/import/importer.h"

namespace rankle::import {

class RasImporter : public Importer {
 public:
  Layer layer() const override { return Layer::kTestimony; }
  const char* name() const override { return "nccl-ras"; }
  bool Recognises(const std::string& path, const std::string& first_bytes) const override;
  absl::Status Import(const std::vector<std::string>& files, store::Store& store) const override;
  absl::Status Join(const std::vector<std::string>& files, store::Store& store) const override;
};

}  // namespace rankle::import
