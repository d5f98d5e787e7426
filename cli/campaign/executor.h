// Where the runs of a campaign happen. An executor makes all runs of a batch, and tells of each as it ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/campaign/campaign_file.h"
#include "cli/campaign/state.h"

namespace rankle::cli {

// The result of the run lies in its file (worker.h), unless the run ended without one. `seconds`: how long it
// took, 0 = not known here. False: no more runs are to be begun, as far as that is in the executor's hands.
using OnRunEnd = std::function<bool(const CampaignRun& run, double seconds)>;

class Executor {
 public:
  virtual ~Executor() = default;
  // Cancelled: a signal asked to end, and the runs in flight were ended. Other errors: the executor cannot
  // work at all (no sbatch, the queue refuses).
  virtual absl::Status RunBatch(const std::vector<CampaignRun>& runs, const OnRunEnd& on_end) = 0;
};

// On this machine, `campaign.jobs` at a time.
std::unique_ptr<Executor> LocalExecutor(const std::string& directory, const Campaign& campaign, bool keep);
// As an array of Slurm jobs; the directory must be seen by all nodes under the same path.
std::unique_ptr<Executor> SlurmExecutor(const std::string& directory, const Campaign& campaign, bool keep);

}  // namespace rankle::cli
