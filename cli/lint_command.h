// `rankle lint`: misuse of NCCL, CUDA and MPI in sources.
#pragma once

#include "cli/source_flags.h"
#include "cli/subcommand.h"

namespace rankle::cli {

class LintCommand : public Subcommand {
 public:
  const char* name() const override { return "lint"; }
  const char* summary() const override {
    return "Find misuse of NCCL, RCCL, CUDA and MPI in C++ and CUDA sources";
  }
  const char* examples() const override;
  bool takes_command() const override { return true; }
  const char* command_name() const override { return "FLAGS..."; }
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  SourceFlags source_;
  std::string checks_, format_ = "text", output_, sqlite_, baseline_, write_baseline_, cache_, summaries_;
  bool list_checks_ = false, no_cache_ = false, timings_ = false, fix_ = false;
};

}  // namespace rankle::cli
