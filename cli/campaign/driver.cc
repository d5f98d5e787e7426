#include "cli/campaign/driver.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "absl/strings/str_format.h"
#include "cli/campaign/planner.h"
#include "cli/campaign/worker.h"
#include "cli/launch/clock.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;

// One line that replaces itself, on a terminal.
class Progress {
 public:
  Progress(const Campaign& campaign, bool wanted)
      : campaign_(campaign), wanted_(wanted), start_ns_(MonotonicNs()) {}
  ~Progress() {
    if (said_) WriteAll(STDERR_FILENO, "\n");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Show(int64_t finished, int64_t planned, int experiments) {
    if (!wanted_) return;
    const double seconds = static_cast<double>(MonotonicNs() - start_ns_) * 1e-9;
    const double rate = static_cast<double>(++here_) / std::max(seconds, 1e-3);
    // Experiments that are still to be chosen count with the repeats that they have at first.
    const double left = static_cast<double>(planned - finished) +
                        static_cast<double>(std::max(campaign_.budget - experiments, 0) * campaign_.repeats);
    WriteAll(STDERR_FILENO,
             absl::StrFormat("\r%d of %d runs, %d of %d experiments, %.1f runs/s, at most %s left   ",
                             finished, planned, experiments, campaign_.budget, rate,
                             DurationText(static_cast<uint64_t>(left / rate * 1e9))));
    said_ = true;
  }

 private:
  const Campaign& campaign_;
  bool wanted_, said_ = false;
  uint64_t start_ns_;
  int64_t here_ = 0;  // runs that this process has seen end
};

// With less room than its records may need a run shows less than there was, and that would count as measured.
absl::Status CheckRoom(const std::string& directory, uint64_t needed) {
  std::error_code error;
  const fs::space_info space = fs::space(directory, error);
  if (error || space.available >= needed) return absl::OkStatus();
  constexpr double kMiB = 1 << 20;
  return absl::ResourceExhaustedError(absl::StrFormat(
      "%s: the disk is full: the records of the next runs may need %.1f MiB, %.1f MiB are free: what was "
      "measured before is kept; make room and --resume",
      directory, static_cast<double>(needed) / kMiB, static_cast<double>(space.available) / kMiB));
}

// A run that ended without a result is made again so often: its worker was killed, or its node went away.
constexpr int kAttempts = 3;

absl::Status Keep(const std::string& directory, const CampaignRun& run, double seconds, int attempt,
                  CampaignState& state) {
  absl::StatusOr<RunResult> result = ReadResult(directory, run.id);
  absl::Status kept;
  if (!result.ok()) {
    if (attempt < kAttempts) return absl::OkStatus();
    // Neither a result nor a reason; its log says more.
    const std::string log = Cat(RunDirectory(directory, run.id), "/worker.log");
    kept = state.Fail(run.id, seconds, Cat("ended without a result; see ", log));
  } else if (result->not_made) {
    kept = absl::UnavailableError(Cat("run ", run.id, " of '", run.workload, "': ", result->note,
                                      ": what was measured before is kept; mend that and --resume"));
  } else if (result->failed) {
    kept = state.Fail(run.id, seconds, result->note);
  } else {
    result->observation.fault = run.fault;
    kept = state.CheckBuilds(result->builds);
    if (kept.ok()) kept = state.AddNames(result->names);
    if (kept.ok()) kept = state.Finish(run.id, result->observation, seconds, result->note);
  }
  std::error_code ignored;
  if (kept.ok()) fs::remove(ResultPath(directory, run.id), ignored);
  return kept;
}

}  // namespace

absl::StatusOr<CampaignOutcome> RunCampaign(const Campaign& campaign, const std::string& directory,
                                            CampaignState& state, Executor& executor) {
  std::error_code error;
  for (const char* folder : {"/runs", "/results"}) fs::create_directories(directory + folder, error);
  Progress progress(campaign, isatty(STDERR_FILENO) == 1);
  const uint64_t room = RoomOfARun(campaign);
  CampaignOutcome outcome;
  std::map<int64_t, int> attempts;
  for (;;) {
    auto unfinished = state.Unfinished();
    if (!unfinished.ok()) return unfinished.status();
    if (unfinished->empty()) {
      const auto observations = state.Observations();
      if (!observations.ok()) return observations.status();
      const auto planned = state.Runs();
      if (!planned.ok()) return planned.status();
      CampaignPlan plan = NextRuns(campaign, *observations, *planned);
      outcome.experiments = plan.experiments;
      outcome.notes = std::move(plan.notes);
      if (plan.runs.empty()) break;
      if (absl::Status status = state.Plan(plan.runs); !status.ok()) return status;
      continue;
    }
    const auto before = state.Count();
    if (!before.ok()) return before.status();
    // How many Slurm starts at once, and where else they write, is not known here.
    const uint64_t at_once = campaign.slurm ? 1 : std::min<uint64_t>(campaign.jobs, unfinished->size());
    if (absl::Status status = CheckRoom(directory, room * at_once); !status.ok()) return status;
    int64_t ended = before->finished + before->failed;
    absl::Status kept;
    const absl::Status ran = executor.RunBatch(*unfinished, [&](const CampaignRun& run, double seconds) {
      // Once there is no room, the runs that end are made again.
      if (kept.ok()) kept = CheckRoom(directory, room);
      if (kept.ok()) kept = Keep(directory, run, seconds, ++attempts[run.id], state);
      progress.Show(++ended, before->planned, outcome.experiments);
      return kept.ok();
    });
    if (!kept.ok()) return kept;
    if (!ran.ok()) return ran;
  }
  auto counts = state.Count();
  if (!counts.ok()) return counts.status();
  outcome.runs = *counts;
  auto notes = state.Notes();
  if (!notes.ok()) return notes.status();
  outcome.notes.insert(outcome.notes.end(), notes->begin(), notes->end());
  return outcome;
}

}  // namespace rankle::cli
