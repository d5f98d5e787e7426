// Importer for the stacks that Python processes wrote when their job stalled: adds to each process where it
// stands in the program (store::Process::place).
#pragma once

#include "analyzer/import/importer.h"

namespace rankle::import {

class PythonStacksImporter : public Importer {
 public:
  Layer layer() const override { return Layer::kTestimony; }
  const char* name() const override { return "python-stacks"; }
  bool Recognises(const std::string& path, const std::string& first_bytes) const override;
  // Alone they tell of no operations: an error.
  absl::Status Import(const std::vector<std::string>& files, store::Store& store) const override;
  absl::Status Join(const std::vector<std::string>& files, store::Store& store) const override;
};

}  // namespace rankle::import
