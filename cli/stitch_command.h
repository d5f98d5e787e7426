// `rankle stitch`: what a campaign found put together: which faults cause which, and what feeds itself
// (docs/campaigns.md).
#pragma once

#include "cli/subcommand.h"

namespace rankle::cli {

class StitchCommand : public Subcommand {
 public:
  const char* name() const override { return "stitch"; }
  const char* summary() const override { return "Find what feeds itself in the runs of a campaign"; }
  const char* examples() const override;
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  std::string directory_, format_ = "text", output_, test_, incident_;
  std::vector<std::string> healthy_;
  bool edges_ = false, confirm_ = false;
};

}  // namespace rankle::cli
