// `rankle attach`: looks at a job that runs already, through eBPF. Nothing is restarted.
#pragma once

#include "cli/ebpf/attachment.h"
#include "cli/subcommand.h"

namespace rankle::cli {

class AttachCommand : public Subcommand {
 public:
  const char* name() const override { return "attach"; }
  const char* summary() const override { return "Record and break a running job, without a restart (eBPF)"; }
  const char* examples() const override;
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  AttachOptions options_;
  std::vector<std::string> processes_;
  bool no_children_ = false, no_waits_ = false;
};

}  // namespace rankle::cli
