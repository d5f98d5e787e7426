// Checks all units: from the cache, or each in a process of its own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "detectors/checks/check.h"
#include "detectors/checks/finding.h"
#include "detectors/source/options.h"

namespace rankle::lint {

struct UnitReport {
  std::string file;
  int errors = 0;
  std::string first_error, failure;
  bool cached = false;
  std::string configuration;  // names the command: a unit is checked in one configuration at a time
};

struct Report {
  std::vector<Finding> findings;  // of the checks that were wanted, new ones
  std::vector<Finding> accepted;  // that the baseline knows
  std::vector<UnitReport> units;
  std::vector<CheckInfo> checks;  // that were wanted
  std::string root;
  double seconds = 0;
  std::map<std::string, double> timings;  // seconds by check and part, of the units that were checked anew
};

// Error: no units, an unknown check, a broken baseline, no process.
absl::StatusOr<Report> Lint(const source::Options& options);

}  // namespace rankle::lint
