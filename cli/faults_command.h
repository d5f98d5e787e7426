// `rankle faults list|show|check`: the fault catalogue, and fault plans checked without running anything.
#pragma once

#include "cli/subcommand.h"

namespace rankle::cli {

class FaultsCommand : public Subcommand {
 public:
  const char* name() const override { return "faults"; }
  const char* summary() const override { return "List the faults that can be injected; check a fault plan"; }
  const char* examples() const override;
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  bool list_ = false, show_ = false, check_ = false;
  std::string fault_;
  std::string plan_file_;
};

}  // namespace rankle::cli
