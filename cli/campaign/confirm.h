// Tries cycles by replay: one fault, a few times, in a job that is large enough; and what came of it, kept in
// DIR/confirm.json for `rankle stitch`.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "analyzer/stitch/cycle.h"
#include "cli/campaign/campaign_file.h"

namespace rankle::cli {

struct Confirmation {
  bool confirmed = false;
  std::string why = {};  // which effect was missing, or that the job got over it; "" = confirmed
  std::string workload =
      {};                 // of the replay that confirmed it, else of the first one; "" = none could be tried
  std::string plan = {};  // of that replay, for `rankle run --plan`
  int runs = 0, shown = 0;  // of that replay; that showed all effects and did not get over them
};

// By KeyOf(cycle) (replay.h).
using Confirmations = std::map<std::string, Confirmation>;

// Replays the leading cycles on this machine, in `directory`/confirm, and keeps the outcome; of the other
// cycles why they were not tried. `campaign`: its commands are resolved. Cancelled: a signal asked to end.
absl::StatusOr<Confirmations> ConfirmCycles(const Campaign& campaign, const std::string& directory,
                                            const stitch::Stitched& stitched, const stitch::Causes& causes,
                                            const stitch::Names& names);

// What was kept; empty where nothing was tried.
absl::StatusOr<Confirmations> ReadConfirmations(const std::string& directory);

}  // namespace rankle::cli
