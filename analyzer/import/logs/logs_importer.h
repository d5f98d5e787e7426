// Importer for logs: NCCL_DEBUG lines, PyTorch's watchdogs, launchers' reports, tracebacks, Xid messages.
#pragma once

#include "analyzer/import/importer.h"

namespace rankle::import {

// Does some line at the beginning or the end of the file tell something of a job?
bool IsTellingLog(const std::string& path);

class LogsImporter : public Importer {
 public:
  Layer layer() const override { return Layer::kTestimony; }
  const char* name() const override { return "log"; }
  bool Recognises(const std::string& path, const std::string& first_bytes) const override;
  absl::Status Import(const std::vector<std::string>& files, store::Store& store) const override;
  absl::Status Join(const std::vector<std::string>& files, store::Store& store) const override;
};

}  // namespace rankle::import
