// `rankle release`: ends the hangs that faults cause in a running job.
#pragma once

#include "cli/subcommand.h"

namespace rankle::cli {

class ReleaseCommand : public Subcommand {
 public:
  const char* name() const override { return "release"; }
  const char* summary() const override { return "End the injected hangs of a running job"; }
  const char* examples() const override;
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  std::string directory_;
  std::string fault_;
};

}  // namespace rankle::cli
