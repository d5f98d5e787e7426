// SQLite exports of Nsight Systems: one file a process, or a node with several.
#pragma once

#include "analyzer/import/importer.h"

namespace rankle::import {

class NsysImporter : public Importer {
 public:
  const char* name() const override { return "nsys"; }
  bool Recognises(const std::string& path, const std::string& first_bytes) const override;
  absl::Status Import(const std::vector<std::string>& files, store::Store& store) const override;
};

}  // namespace rankle::import
