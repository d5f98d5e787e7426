#include "cli/campaign/confirm.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "analyzer/stitch/describe.h"
#include "cli/campaign/executor.h"
#include "cli/campaign/replay.h"
#include "cli/campaign/state.h"
#include "cli/campaign/worker.h"
#include "cli/launch/files.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

using stitch::Cycle;
using stitch::RunObservation;

constexpr int kRuns = 3, kEnough = 2;  // of a replay; the plain job is run as often
// Cycles that are tried: a person reads a few dozen at most, and each may take a dozen runs.
constexpr size_t kMostCycles = 20;
constexpr char kFile[] = "/confirm.json";
constexpr char kSchema[] = "rankle.confirm/1";

// The jobs in which cycles are replayed: the larger one where the campaign names one.
Campaign JobsOfReplays(const Campaign& campaign) {
  Campaign jobs = campaign;
  for (Workload& workload : jobs.workloads) {
    if (workload.replay.ranks > 0) workload.ranks = workload.replay.ranks;
    if (!workload.replay.command.empty()) workload.command = workload.replay.command;
  }
  return jobs;
}

// Runs by workload and plan, each made once however many cycles ask for it.
class Runs {
 public:
  using Key = std::pair<std::string, std::string>;  // workload, plan ("" = plain)

  Runs(const Campaign& jobs, std::string directory)
      : directory_(std::move(directory)), executor_(LocalExecutor(directory_, jobs, false)) {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
    for (const char* folder : {"/runs", "/results"})
      std::filesystem::create_directories(directory_ + folder, ignored);
  }

  void Want(const std::string& workload, const std::string& plan) {
    if (!made_.try_emplace({workload, plan}).second) return;
    for (int repeat = 0; repeat < kRuns; ++repeat)
      wanted_.push_back({.id = ++last_, .workload = workload, .plan = plan, .repeat = repeat});
  }
  absl::Status Make() {
    const std::vector<CampaignRun> batch = std::exchange(wanted_, {});
    if (batch.empty()) return absl::OkStatus();
    absl::Status made;
    const absl::Status ran = executor_->RunBatch(batch, [&](const CampaignRun& run, double) {
      absl::StatusOr<RunResult> result = ReadResult(directory_, run.id);
      if (result.ok() && result->not_made && made.ok())
        made = absl::UnavailableError(Cat("a replay of '", run.workload, "': ", result->note));
      // A replay whose fault did not fire shows nothing, nor does a run without records.
      if (result.ok() && !result->failed && (run.plan.empty() || result->observation.fired > 0))
        made_[{run.workload, run.plan}].push_back(std::move(result->observation));
      return made.ok();
    });
    return made.ok() ? ran : made;
  }
  const std::vector<RunObservation>& Of(const std::string& workload, const std::string& plan) const {
    return made_.at({workload, plan});
  }

 private:
  std::string directory_;
  std::unique_ptr<Executor> executor_;
  std::map<Key, std::vector<RunObservation>> made_;
  std::vector<CampaignRun> wanted_;
  int64_t last_ = 0;
};

// "" = it is tried.
std::string WhyNotTried(const Cycle& cycle, size_t tried) {
  if (!cycle.leads_cluster)
    return Cat("not tried: it shares most of its links with the first cycle of cluster ", cycle.cluster);
  return tried == kMostCycles ? Cat("not tried: only the first ", kMostCycles, " clusters are") : "";
}

std::string WhyNot(const Cycle& cycle, const std::vector<size_t>& missing, const stitch::Names& names) {
  if (missing.empty()) return "the effects of all links came, but the job got over them";
  std::string why = "missing: ";
  for (size_t i = 0; i < missing.size(); ++i) {
    const stitch::CycleEdge& link = cycle.edges[missing[i]];
    why += Cat(i == 0 ? "" : ", ",
               link.edge.effect == stitch::Effect::kNewBehaviour ? "the new outcome" : "more calls", " at ",
               stitch::SiteName(link.edge.to.site, names));
  }
  return why;
}

Confirmation Judge(const Cycle& cycle, const Replay& replay, const Runs& runs, const stitch::Names& names) {
  Confirmation found{.workload = replay.workload, .plan = replay.yaml};
  const std::vector<RunObservation>& plain = runs.Of(replay.workload, "");
  if (plain.empty()) {
    found.why = "no plain run of the replay's job could be observed";
    return found;
  }
  std::vector<size_t> least_missing(cycle.edges.size());
  for (size_t i = 0; i < least_missing.size(); ++i) least_missing[i] = i;
  for (const RunObservation& run : runs.Of(replay.workload, replay.plan)) {
    const ReplaySight sight = Look(cycle, plain, run);
    ++found.runs;
    found.shown += sight.missing.empty() && sight.lasting ? 1 : 0;
    if (sight.missing.size() < least_missing.size()) least_missing = sight.missing;
  }
  found.confirmed = found.shown >= kEnough;
  if (found.confirmed) return found;
  found.why = found.runs == 0   ? "the fault did not fire in the replay's job"
              : found.shown > 0 ? Cat("only ", found.shown, " of ", found.runs, " replays held it up")
                                : WhyNot(cycle, least_missing, names);
  return found;
}

absl::Status Keep(const std::string& directory, const Confirmations& confirmations) {
  nlohmann::ordered_json cycles = nlohmann::ordered_json::array();
  for (const auto& [key, each] : confirmations) {
    cycles.push_back({{"key", key},
                      {"confirmed", each.confirmed},
                      {"why", each.why},
                      {"workload", each.workload},
                      {"plan", each.plan},
                      {"runs", each.runs},
                      {"shown", each.shown}});
  }
  const nlohmann::ordered_json json{{"schema", kSchema}, {"cycles", cycles}};
  return WriteFile(directory + kFile, json.dump(2) + "\n");
}

}  // namespace

absl::StatusOr<Confirmations> ConfirmCycles(const Campaign& campaign, const std::string& directory,
                                            const stitch::Stitched& stitched, const stitch::Causes& causes,
                                            const stitch::Names& names) {
  struct Tried {
    const Cycle* cycle;
    std::vector<Replay> replays;
  };
  // Two at once would take each other's records for their own.
  const absl::StatusOr<FileDescriptor> lock = LockCampaign(directory);
  if (!lock.ok()) return lock.status();
  absl::StatusOr<Confirmations> before = ReadConfirmations(directory);
  if (!before.ok()) return before.status();
  std::vector<Tried> open;
  Confirmations confirmations, judged;
  const Campaign jobs = JobsOfReplays(campaign);
  Runs runs(jobs, directory + "/confirm");
  for (const Cycle& cycle : stitched.cycles) {
    if (std::string why = WhyNotTried(cycle, open.size()); !why.empty()) {
      confirmations[KeyOf(cycle)].why = std::move(why);
      continue;
    }
    open.push_back({&cycle, ReplaysOf(cycle, jobs, causes, names)});
    confirmations[KeyOf(cycle)].why = "no fault of it can be told from its last effect";
  }
  // One replay of every cycle at a time: most need no second one.
  for (size_t way = 0; !open.empty(); ++way) {
    std::erase_if(open, [&](const Tried& tried) { return way >= tried.replays.size(); });
    for (const Tried& tried : open) {
      runs.Want(tried.replays[way].workload, "");
      runs.Want(tried.replays[way].workload, tried.replays[way].plan);
    }
    if (absl::Status status = runs.Make(); !status.ok()) {
      judged.merge(*before);  // what this time did not come to is as it was
      Keep(directory, judged).IgnoreError();
      return status;
    }
    std::erase_if(open, [&](const Tried& tried) {
      const Confirmation found = Judge(*tried.cycle, tried.replays[way], runs, names);
      Confirmation& kept = confirmations[KeyOf(*tried.cycle)];
      if (way == 0 || found.confirmed) kept = found;
      judged[KeyOf(*tried.cycle)] = kept;
      return found.confirmed;
    });
  }
  if (absl::Status status = Keep(directory, confirmations); !status.ok()) return status;
  return confirmations;
}

absl::StatusOr<Confirmations> ReadConfirmations(const std::string& directory) {
  Confirmations confirmations;
  if (!std::filesystem::exists(directory + kFile)) return confirmations;
  const absl::StatusOr<std::string> text = ReadFile(directory + kFile);
  if (!text.ok()) return text.status();
  try {
    const nlohmann::json json = nlohmann::json::parse(*text);
    if (json.at("schema") != kSchema) throw std::runtime_error("it is of another version");
    for (const nlohmann::json& each : json.at("cycles")) {
      confirmations[each.at("key")] = {.confirmed = each.at("confirmed"),
                                       .why = each.at("why"),
                                       .workload = each.at("workload"),
                                       .plan = each.at("plan"),
                                       .runs = each.at("runs"),
                                       .shown = each.at("shown")};
    }
  } catch (const std::exception& error) {
    return absl::DataLossError(Cat(directory, kFile, ": ", error.what(), ": delete it and --confirm again"));
  }
  return confirmations;
}

}  // namespace rankle::cli
