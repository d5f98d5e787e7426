// `rankle run`: wraps a training command. Transparent: streams, signals and exit code are the command's.
#pragma once

#include "cli/run_options.h"
#include "cli/subcommand.h"

namespace rankle::cli {

class RunCommand : public Subcommand {
 public:
  const char* name() const override { return "run"; }
  const char* summary() const override {
    return "Run a training command; inject faults, record every collective";
  }
  const char* examples() const override;
  bool takes_command() const override { return true; }
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  RunOptions options_;
  std::string via_ = "preload";
  bool no_trace_ = false, no_capture_ = false;
};

}  // namespace rankle::cli
