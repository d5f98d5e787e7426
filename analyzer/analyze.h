// The analyzer's front door: paths in, report out. No output is written here; the caller renders and stores
// it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/explain/edge.h"
#include "analyzer/import/inputs.h"
#include "analyzer/report/report.h"

namespace rankle {

struct AnalyzeOptions {
  import::InputFilter files;               // which files of the directories count
  std::string scratch_directory = "/tmp";  // archives are unpacked below it while the analysis reads them
  std::string rules_directory;  // extra rules and edges; one with a known id replaces the built-in one
  std::vector<explain::CauseEdge> cause_edges = {};  // more edges, of a campaign for instance
  std::string database_file;                         // also write all tables into this SQLite file
  std::string bug_database;  // the user's own bugs (taxonomy/user_bugs.h); "" = none, may be absent
  double hang_after_s = 2;   // shorter waits are never called a hang
  double hang_after_periods =
      10;  // nor are waits shorter than this many usual intervals of their communicator
  std::vector<std::string> leave_out;  // classes, or their beginnings ("slow."), that are not judged
};

// Errors (all of them unusable input): nothing readable, rule directory missing, database not writable.
absl::StatusOr<Report> Analyze(const std::vector<std::string>& paths, const AnalyzeOptions& options);

// The same for a job that is in memory already; `logs` are files with what it printed.
absl::StatusOr<Report> AnalyzeStore(store::Store store, const AnalyzeOptions& options,
                                    const std::vector<std::string>& logs = {});

}  // namespace rankle
