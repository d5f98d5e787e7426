// Parses all units, each in a process of its own, and merges what they hold.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "detectors/fault_points/point.h"
#include "detectors/source/options.h"

namespace rankle::source {

struct UnitReport {
  std::string file;
  int errors = 0;  // of the compiler; what lies in their reach is missing
  std::string first_error;
  std::string failure;  // nothing of this unit is known: it crashed the parser, took too long
};

struct Collection {
  points::Facts facts;
  std::vector<UnitReport> units;
  std::string root;
  double seconds = 0;
  bool Complete() const;  // no unit has errors
};

// Error: no units to parse, or clang's own headers are gone.
absl::StatusOr<Collection> Collect(const Options& options);

}  // namespace rankle::source
