// `rankle analyze`: from records to a verdict.
#pragma once

#include "analyzer/analyze.h"
#include "cli/subcommand.h"

namespace rankle::cli {

class AnalyzeCommand : public Subcommand {
 public:
  const char* name() const override { return "analyze"; }
  const char* summary() const override { return "Name the rank that broke the job, why, and what to do"; }
  const char* examples() const override;
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  int RunWhatIf() const;
  std::vector<std::string> paths_;
  std::string format_ = "text";
  std::string output_;
  AnalyzeOptions options_;
  bool follow_ = false, what_if_ = false;
  std::string causes_;  // campaign whose edges explain too, "" = none
  std::string steps_;   // of --what-if, "" = its own choice
};

}  // namespace rankle::cli
