// `rankle version`.
#pragma once

#include "cli/subcommand.h"

namespace rankle::cli {

class VersionCommand : public Subcommand {
 public:
  const char* name() const override { return "version"; }
  const char* summary() const override {
    return "Print the version and the formats that it reads and writes";
  }
  const char* examples() const override { return "  rankle version"; }
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;
};

}  // namespace rankle::cli
