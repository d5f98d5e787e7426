#include "cli/campaign/worker.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "analyzer/stitch/observation_json.h"
#include "cli/campaign/fault_plan.h"
#include "cli/campaign/observe.h"
#include "cli/campaign/point_list.h"
#include "cli/launch/clock.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/fault_files.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/process_pool.h"
#include "cli/launch/run_record.h"
#include "cli/launch/text.h"
#include "cli/run_options.h"
#include "cli/trace/sites.h"
#include "detectors/instrument/runtime/rankle_points_format.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kPointsRecordBytes =
    sizeof(rankle_points::FileHeader) + rankle_points::kSiteCapacity * sizeof(rankle_points::SiteEntry) +
    rankle_points::kSignatureCapacity * sizeof(rankle_points::SignatureEntry) +
    rankle_points::kNestCapacity * sizeof(rankle_points::NestEntry);
constexpr char kFailed[] = "failed: ", kNote[] = "note: ", kNotMade[] = "not made: ", kBuild[] = "build: ";

const Workload* FindWorkload(const Campaign& campaign, const std::string& name) {
  const auto found = std::find_if(campaign.workloads.begin(), campaign.workloads.end(),
                                  [&](const Workload& each) { return each.name == name; });
  return found == campaign.workloads.end() ? nullptr : &*found;
}

RunOptions OptionsOf(const Campaign& campaign, const Workload& workload, const CampaignRun& run,
                     const std::string& output_dir) {
  RunOptions options;
  options.command = workload.command;
  options.n = workload.ranks;
  options.virtual_gpus = workload.virtual_gpus;
  options.output_dir = output_dir;
  options.on_hang = "kill";
  options.usual_hang_after_s = static_cast<double>(workload.timeout_ns) * 1e-9;  // the limit ends it
  options.quiet = true;
  options.capture = false;
  options.check_results = 0;
  options.sites = true;
  if (!run.plan.empty() && !ArmOf(run.plan)) options.faults.short_forms = {run.plan};
  // Repeats draw differently, the same repeat of the same campaign alike.
  options.faults.seed = campaign.seed + static_cast<uint64_t>(run.repeat);
  return options;
}

stitch::End EndOf(const PoolTaskEnd& end) {
  if (end.timed_out) return stitch::End::kTimedOut;
  return end.exit_code == 0 ? stitch::End::kOk : stitch::End::kFailed;
}

// How often the fault of a run was carried out.
uint64_t FiredIn(const std::string& directory, const CampaignRun& run, const PointsSeen& points) {
  uint64_t fired = 0;
  if (ArmOf(run.plan)) {
    // One point is armed, so what fired anywhere fired there.
    for (const auto& [point, count] : points.fired) fired += count;
    return fired;
  }
  for (const FaultOutcome& fault : ReadFaultOutcomes(directory)) fired += fault.fired;
  return fired;
}

// Makes the run in a process of its own, which ends when its time is over.
absl::StatusOr<PoolTaskEnd> Make(const RunOptions& options, const std::optional<std::string>& armed,
                                 uint64_t timeout_ns) {
  ProcessPool pool(1);
  bool begun = false;
  std::optional<PoolTaskEnd> end;
  const bool finished = pool.Run(
      [&]() -> std::optional<PoolTask> {
        if (std::exchange(begun, true)) return std::nullopt;
        return PoolTask{.id = 0,
                        .body =
                            [&] {
                              // This process makes one run: its environment is the job's.
                              unsetenv("RANKLE_POINTS_OUT");  // records belong to the run
                              setenv("RANKLE_POINTS_ARM", armed.value_or("").c_str(), 1);
                              return RunToEnd(options).exit_code;
                            },
                        .timeout_ns = timeout_ns,
                        .log = Cat(options.output_dir, "/log.txt")};
      },
      [&](const PoolTaskEnd& ended) { end = ended; });
  if (!finished) return absl::CancelledError("interrupted");
  if (!end.has_value() || !end->started) return absl::UnavailableError("no process can be made");
  return *end;
}

// False: rankle refused, and nothing ran.
bool WasStarted(const std::string& output_dir) {
  const absl::StatusOr<RunRecord> record = ReadRunRecord(output_dir);
  return record.ok() && !record->processes.empty();
}

std::string LastWords(const std::string& output_dir) {
  const std::string log = ReadFile(Cat(output_dir, "/log.txt")).value_or("");
  const std::vector<std::string> lines = absl::StrSplit(log, '\n', absl::SkipWhitespace());
  return lines.empty() ? "" : Cat("; it said last: ", lines.back());
}

std::map<std::string, std::string> BuildsIn(const std::string& output_dir) {
  std::map<std::string, std::string> builds;
  const absl::StatusOr<SiteRun> run = ReadSites(output_dir);
  if (!run.ok()) return builds;
  for (const sites::SiteRecord& record : run->records) {
    for (const auto& [id, module] : record.modules) {
      if (!module.build_id.empty()) builds[module.path] = absl::BytesToHexString(module.build_id);
    }
  }
  return builds;
}

absl::StatusOr<RunResult> MakeAndObserve(const std::string& directory, const Campaign& campaign,
                                         const CampaignRun& run) {
  const Workload* workload = FindWorkload(campaign, run.workload);
  if (workload == nullptr) return absl::NotFoundError(Cat("no workload is named '", run.workload, "'"));
  const std::string output_dir = Cat(RunDirectory(directory, run.id), "/job");
  std::error_code error;
  fs::create_directories(output_dir, error);
  const RunOptions options = OptionsOf(campaign, *workload, run, output_dir);
  const absl::StatusOr<PointList> points = ReadPointLists(campaign.points.overlays);
  if (!points.ok()) return points.status();
  const absl::StatusOr<PoolTaskEnd> end = Make(options, ArmOf(run.plan), workload->timeout_ns);
  if (!end.ok()) return end.status();
  if (!end->timed_out && !WasStarted(output_dir))
    return absl::UnavailableError(Cat("the run could not be started", LastWords(output_dir)));
  RunResult result;
  result.observation.run = Cat("run ", run.id);
  result.observation.workload = run.workload;
  result.observation.end = EndOf(*end);
  const absl::StatusOr<PointsSeen> observed =
      ObserveDirectory(output_dir, *workload, *points, result.observation, result.names);
  if (!observed.ok()) {
    return absl::NotFoundError(
        Cat(StdView(observed.status().message()), "; exit code ", end->exit_code, LastWords(output_dir)));
  }
  result.observation.fired = run.plan.empty() ? 0 : FiredIn(output_dir, run, *observed);
  result.note = absl::StrJoin(observed->Notes(), "; ");
  result.builds = BuildsIn(output_dir);
  return result;
}

std::string ResultText(const RunResult& result) {
  std::string builds;
  for (const auto& [path, id] : result.builds) builds += Cat(kBuild, id, " ", path, "\n");
  return Cat(builds,
             result.note.empty() ? "" : Cat(kNote, absl::StrReplaceAll(result.note, {{"\n", " "}}), "\n"),
             stitch::kObservationsSchemaLine, stitch::WriteNames(result.names),
             stitch::WriteRun(result.observation));
}

}  // namespace

uint64_t RoomOfARun(const Campaign& campaign) {
  uint64_t most = 0;
  for (const Workload& workload : campaign.workloads) {
    const uint64_t processes = static_cast<uint64_t>(std::max(workload.ranks, 1));
    const uint64_t points = campaign.points.overlays.empty() ? 0 : kPointsRecordBytes * processes;
    most = std::max(most, BytesNeeded(OptionsOf(campaign, workload, {}, "")) + points);
  }
  return most;
}

std::string ResultPath(const std::string& directory, int64_t id) { return Cat(directory, "/results/", id); }
std::string RunDirectory(const std::string& directory, int64_t id) { return Cat(directory, "/runs/", id); }

absl::Status WriteBatch(const std::string& directory, const std::vector<CampaignRun>& runs) {
  std::string text;
  for (const CampaignRun& run : runs) {
    const nlohmann::ordered_json line{
        {"id", run.id}, {"workload", run.workload}, {"plan", run.plan}, {"repeat", run.repeat}};
    text += line.dump() + "\n";
  }
  return WriteFile(Cat(directory, "/batch.jsonl"), text);
}

absl::StatusOr<CampaignRun> ReadFromBatch(const std::string& directory, size_t index) {
  const std::string path = Cat(directory, "/batch.jsonl");
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n', absl::SkipEmpty());
  if (index >= lines.size()) return absl::OutOfRangeError(Cat(path, ": has no line ", index + 1));
  try {
    const nlohmann::json line = nlohmann::json::parse(lines[index]);
    return CampaignRun{.id = line.at("id"),
                       .workload = line.at("workload"),
                       .plan = line.at("plan"),
                       .repeat = line.at("repeat")};
  } catch (const nlohmann::json::exception& error) {
    return absl::DataLossError(Cat(path, ":", index + 1, ": ", error.what()));
  }
}

int Work(const std::string& directory, const Campaign& campaign, const CampaignRun& run, bool keep) {
  const absl::StatusOr<RunResult> result = MakeAndObserve(directory, campaign, run);
  if (absl::IsCancelled(result.status())) return kExitInternalError;  // to be made again
  const char* const kind = absl::IsUnavailable(result.status()) ? kNotMade : kFailed;
  const std::string text = result.ok() ? ResultText(*result) : Cat(kind, StdView(result.status().message()));
  if (absl::Status status = WriteFile(ResultPath(directory, run.id), text); !status.ok()) {
    SayError(status);
    return kExitInternalError;
  }
  std::error_code ignored;
  if (!keep && result.ok()) fs::remove_all(RunDirectory(directory, run.id), ignored);
  return kExitOk;
}

absl::StatusOr<RunResult> ReadResult(const std::string& directory, int64_t id) {
  const std::string path = ResultPath(directory, id);
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  RunResult result;
  if (absl::StartsWith(*text, kFailed)) {
    result.failed = true;
    result.note = text->substr(sizeof(kFailed) - 1);
    return result;
  }
  if (absl::StartsWith(*text, kNotMade)) {
    result.not_made = true;
    result.note = text->substr(sizeof(kNotMade) - 1);
    return result;
  }
  std::string_view lines = *text;
  while (lines.starts_with(kBuild)) {
    const size_t end = std::min(lines.find('\n'), lines.size() - 1);
    const std::string_view build = lines.substr(sizeof(kBuild) - 1, end - (sizeof(kBuild) - 1));
    const size_t blank = std::min(build.find(' '), build.size());
    result.builds[std::string(build.substr(std::min(blank + 1, build.size())))] = build.substr(0, blank);
    lines.remove_prefix(end + 1);
  }
  if (lines.starts_with(kNote)) {
    const size_t end = std::min(lines.find('\n'), lines.size() - 1);
    result.note = lines.substr(sizeof(kNote) - 1, end - (sizeof(kNote) - 1));
    lines.remove_prefix(end + 1);
  }
  auto read = stitch::ReadObservations(lines, path);
  if (!read.ok()) return read.status();
  if (read->runs.size() != 1) return absl::DataLossError(Cat(path, ": holds no run"));
  result.observation = std::move(read->runs.front());
  result.names = std::move(read->names);
  return result;
}

}  // namespace rankle::cli
