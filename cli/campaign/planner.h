// What a campaign does next: from what was observed and what was planned so far to the next batch of runs.
// Pure: the same state gives the same batch, so a campaign that was killed goes on as if nothing had
// happened.
#pragma once

#include <string>
#include <vector>

#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/observation.h"
#include "cli/campaign/campaign_file.h"
#include "cli/campaign/state.h"

namespace rankle::cli {

inline constexpr char kProfilePhase[] = "profile";

struct CampaignPlan {
  std::vector<CampaignRun> runs;   // empty: the campaign is over
  int experiments = 0;             // made or planned, these included
  std::vector<std::string> notes;  // workloads that are left out, and why
};

// `planned`: every run so far, all of them finished or failed.
CampaignPlan NextRuns(const Campaign& campaign, const stitch::Observations& observations,
                      const std::vector<CampaignRun>& planned);

// All effects, on whatever place.
stitch::FcaOptions FcaOptionsOf(const Campaign& campaign);
// Those that can be part of a cycle: on places where faults were injected. Fewer comparisons, so that the
// same runs tell more.
stitch::FcaOptions StitchOptionsOf(const Campaign& campaign, const stitch::Observations& observations);

// Workloads whose plain runs do not allow a comparison (they fail, or do not come back alike), with the
// reason.
struct DoubtfulWorkload {
  std::string name, why;
};
std::vector<DoubtfulWorkload> UnusableWorkloads(const Campaign& campaign,
                                                const stitch::Observations& observations);
// Those that are used although some of their plain runs fail.
std::vector<DoubtfulWorkload> FlakyWorkloads(const Campaign& campaign,
                                             const stitch::Observations& observations);

}  // namespace rankle::cli
