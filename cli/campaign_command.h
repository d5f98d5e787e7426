// `rankle campaign`: tries faults one by one in workloads, and keeps what each caused (docs/campaigns.md).
#pragma once

#include "absl/status/statusor.h"
#include "cli/campaign/campaign_file.h"
#include "cli/subcommand.h"

namespace rankle::cli {

class CampaignCommand : public Subcommand {
 public:
  const char* name() const override { return "campaign"; }
  const char* summary() const override { return "Try faults one by one and keep what each causes"; }
  const char* examples() const override;
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  int RunWorker() const;
  absl::Status RunAll();

  std::string path_, output_dir_;
  bool resume_ = false, keep_ = false, worker_ = false;
};

}  // namespace rankle::cli
