// `rankle suite`: faults as tests.
#pragma once

#include "cli/subcommand.h"
#include "cli/suite/case_runner.h"
#include "cli/suite/score.h"

namespace rankle::cli {

class SuiteCommand : public Subcommand {
 public:
  const char* name() const override { return "suite"; }
  const char* summary() const override { return "Run a suite of faults with expected outcomes, as tests"; }
  const char* examples() const override;
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  absl::StatusOr<std::vector<SuiteCase>> ReadCases() const;
  absl::Status WriteResults(const std::vector<ScoredCase>& scored) const;

  std::vector<std::string> suite_files_;
  std::string junit_file_, score_file_;
  std::string filter_, half_;
  int sample_ = 0;
  bool keep_ = false;
  SuiteRunOptions options_;
};

}  // namespace rankle::cli
