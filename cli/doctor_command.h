// `rankle doctor`: what is there on this machine and in this installation, and what that means. With --repair
// it ends what dead runs left behind.
#pragma once

#include "cli/inspect/machine.h"
#include "cli/subcommand.h"

namespace rankle::cli {

class DoctorCommand : public Subcommand {
 public:
  const char* name() const override { return "doctor"; }
  const char* summary() const override { return "Say what works on this machine, and why the rest does not"; }
  const char* examples() const override;
  bool takes_command() const override { return true; }
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  Check CheckLeftovers() const;
  Check CheckLeftoverGroups() const;

  std::string format_ = "text";
  bool repair_ = false;
};

}  // namespace rankle::cli
