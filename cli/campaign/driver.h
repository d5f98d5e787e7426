// Runs a campaign to its end, or until a signal: plan, run, keep, again.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "cli/campaign/campaign_file.h"
#include "cli/campaign/executor.h"
#include "cli/campaign/state.h"

namespace rankle::cli {

struct CampaignOutcome {
  CampaignState::Counts runs;
  int experiments = 0;
  std::vector<std::string> notes;
};

// `directory`: of the campaign, exists. Progress goes to standard error where that is a terminal. Cancelled
// when a signal asked to end: the state can be resumed.
absl::StatusOr<CampaignOutcome> RunCampaign(const Campaign& campaign, const std::string& directory,
                                            CampaignState& state, Executor& executor);

}  // namespace rankle::cli
