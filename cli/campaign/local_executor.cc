#include <algorithm>
#include <filesystem>
#include <optional>

#include "cli/campaign/executor.h"
#include "cli/campaign/worker.h"
#include "cli/launch/process_pool.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

// The worker holds its run to the workload's limit; this is for a worker that itself does not end.
constexpr uint64_t kWorkerMarginNs = 60'000'000'000;

class Local : public Executor {
 public:
  Local(std::string directory, const Campaign& campaign, bool keep)
      : directory_(std::move(directory)), campaign_(campaign), keep_(keep) {}

  absl::Status RunBatch(const std::vector<CampaignRun>& runs, const OnRunEnd& on_end) override {
    ProcessPool pool(campaign_.jobs);
    size_t next = 0;
    bool goes_on = true;
    const auto next_run = [&]() -> std::optional<PoolTask> {
      if (next == runs.size() || !goes_on) return std::nullopt;
      const CampaignRun& run = runs[next];
      const std::string place = RunDirectory(directory_, run.id);
      std::error_code error;
      std::filesystem::create_directories(place, error);
      PoolTask task{.id = next,
                    .body = [this, &run] { return Work(directory_, campaign_, run, keep_); },
                    .timeout_ns = TimeoutOf(run) + kWorkerMarginNs,
                    .log = Cat(place, "/worker.log")};
      ++next;
      return task;
    };
    if (!pool.Run(next_run, [&](const PoolTaskEnd& end) {
          goes_on = on_end(runs[end.id], static_cast<double>(end.duration_ns) * 1e-9) && goes_on;
        }))
      return absl::CancelledError("interrupted");
    return absl::OkStatus();
  }

 private:
  uint64_t TimeoutOf(const CampaignRun& run) const {
    const auto workload = std::find_if(campaign_.workloads.begin(), campaign_.workloads.end(),
                                       [&](const Workload& each) { return each.name == run.workload; });
    return workload == campaign_.workloads.end() ? 0 : workload->timeout_ns;
  }

  std::string directory_;
  const Campaign& campaign_;
  bool keep_;
};

}  // namespace

std::unique_ptr<Executor> LocalExecutor(const std::string& directory, const Campaign& campaign, bool keep) {
  return std::make_unique<Local>(directory, campaign, keep);
}

}  // namespace rankle::cli
