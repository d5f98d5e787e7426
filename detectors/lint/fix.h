// Puts fixes into source files.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "detectors/checks/finding.h"

namespace rankle::lint {

// The text with the edits made; those that overlap one before them are left out. Pure.
struct Fixed {
  std::string text;
  int made = 0, left_out = 0;
};
Fixed MakeEdits(const std::string& text, std::vector<Edit> edits);

struct FixReport {
  int files = 0, made = 0, left_out = 0;
};
// Of all findings. Error: a file cannot be read or written.
absl::StatusOr<FixReport> FixFiles(const std::vector<Finding>& findings);

}  // namespace rankle::lint
