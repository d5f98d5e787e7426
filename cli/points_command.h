// `rankle points`: where a program can fail, by its source.
#pragma once

#include "cli/source_flags.h"
#include "cli/subcommand.h"

namespace rankle::cli {

class PointsCommand : public Subcommand {
 public:
  const char* name() const override { return "points"; }
  const char* summary() const override {
    return "List where C++ sources can fail: throws, error returns, loops, error detectors, branches";
  }
  const char* examples() const override;
  bool takes_command() const override { return true; }
  const char* command_name() const override { return "FLAGS..."; }
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  SourceFlags source_;
  std::string format_ = "text", output_, sqlite_;
  bool list_ = false, dropped_ = false;
};

}  // namespace rankle::cli
