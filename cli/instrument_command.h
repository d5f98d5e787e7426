// `rankle instrument`: a copy of a source tree that records what happens at its fault points, and can fail
// there.
#pragma once

#include "cli/source_flags.h"
#include "cli/subcommand.h"

namespace rankle::cli {

class InstrumentCommand : public Subcommand {
 public:
  const char* name() const override { return "instrument"; }
  const char* summary() const override {
    return "Copy C++ sources into an overlay that records and injects at their fault points";
  }
  const char* examples() const override;
  bool takes_command() const override { return true; }
  const char* command_name() const override { return "FLAGS..."; }
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  SourceFlags source_;
  std::string overlay_, sqlite_;
};

}  // namespace rankle::cli
