#include "cli/campaign/observe.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>

#include "absl/strings/str_format.h"
#include "cli/campaign/site_names.h"
#include "cli/launch/text.h"
#include "cli/trace/rows.h"
#include "cli/trace/sites.h"
#include "injector/api/api.h"
#include "tracer/sites/site_id.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;

// Calls that wait for time to pass: a longer run has more of them without any more work.
bool IsTimer(uint16_t api) {
  const api::ApiInfo* info = api::FindApi(api);
  return info != nullptr && (info->groups & (api::kSleep | api::kPoll | api::kTimedWait)) != 0;
}

stitch::SiteKind KindOf(uint16_t api) {
  const api::ApiInfo* info = api::FindApi(api);
  const bool is_exception = info != nullptr && (info->groups & api::kException) != 0;
  return is_exception ? stitch::SiteKind::kThrow : stitch::SiteKind::kCall;
}

uint64_t HashText(std::string_view text) {
  uint64_t hash = sites::internal::Fold(0xcbf29ce484222325ull, text);
  return hash == 0 ? 1 : hash;
}

std::string PlaceText(const sites::SiteRecord& record, uint32_t module, uint64_t offset, Symbols& symbols) {
  const auto found = record.modules.find(module);
  if (found == record.modules.end()) return "unknown code";
  const sites::LoadedModule& loaded = found->second;
  const SourcePlace place = symbols.CallBefore(loaded.path, loaded.build_id, offset);
  if (place.function.empty())
    return absl::StrFormat("%s+%#x", fs::path(loaded.path).filename().string(), offset);
  if (place.file.empty()) return place.function;
  return absl::StrFormat("%s (%s:%d)", place.function, fs::path(place.file).filename().string(), place.line);
}

// The frame above: a hash that is the same in every run of the same binaries.
stitch::CallSiteId CallSiteOf(const sites::SiteRecord& record, const sites::Site& site) {
  const auto module = record.modules.find(site.caller_module);
  if (!site.has_caller || module == record.modules.end()) return 0;
  const sites::Place place{module->second.build_id, module->second.path, site.caller_offset};
  return sites::internal::Fold(HashText("call site"), place);
}

// What a process did in the moment in which it was ended tells nothing: a call that had not returned counts
// only if it is that of a process which was not ended from outside, and nobody knows that here. It is left
// out.
void AddOutcomes(const sites::SiteRecord& record, const sites::Site& site, stitch::SiteObservation& row,
                 stitch::Names& names) {
  const std::string api(api::ApiName(site.api));
  for (const sites::CountedOutcome& counted : site.outcomes) {
    const std::string text = Cat(api, ": ", OutcomeName(record, site.api, counted.outcome));
    const stitch::Signature signature = HashText(text);
    row.signatures.push_back(signature);
    names.signatures.try_emplace(signature, stitch::SignatureInfo{.text = text, .outcomes = {signature}});
  }
}

// The runtime of instrumented programs makes its record: no part of the program, and no fault point.
bool IsOfInstrumentation(const std::string& place) {
  return place.find("rankle_points::") != std::string::npos ||
         place.find("(rankle_points.h:") != std::string::npos;
}

}  // namespace

void AddProcess(const sites::SiteRecord& record, const std::string& role, Symbols& symbols,
                stitch::RunObservation& run, stitch::Names& names) {
  for (const sites::Site& site : record.sites) {
    stitch::SiteObservation row{.role = role,
                                .site = site.id,
                                .call_site = CallSiteOf(record, site),
                                .hits = site.hits,
                                .signatures = {},
                                .parent = 0,
                                .per_parent = {}};
    AddOutcomes(record, site, row, names);
    const std::string place = PlaceText(record, site.module, site.offset, symbols);
    if (IsOfInstrumentation(place)) continue;
    if (!names.sites.contains(site.id)) {
      names.sites[site.id] = {.name = CallName(api::ApiName(site.api), place),
                              .kind = KindOf(site.api),
                              .timer = IsTimer(site.api),
                              .guards = {}};
    }
    if (row.call_site != 0 && !names.call_sites.contains(row.call_site))
      names.call_sites[row.call_site] = PlaceText(record, site.caller_module, site.caller_offset, symbols);
    run.rows.push_back(std::move(row));
  }
}

absl::StatusOr<PointsSeen> ObserveDirectory(const std::string& directory, const Workload& workload,
                                            const PointList& points, stitch::RunObservation& run,
                                            stitch::Names& names) {
  const absl::StatusOr<SiteRun> sites = ReadSites(directory);
  if (!sites.ok()) {
    return absl::NotFoundError(
        "no process left a site record: is the program linked statically, or does it drop LD_PRELOAD?");
  }
  Symbols symbols;
  std::map<int64_t, std::string> roles;
  for (const sites::SiteRecord& record : sites->records) {
    const std::string role = record.rank < 0 ? kHelperRole : RoleOf(workload, record.rank);
    roles[record.pid] = role;
    AddProcess(record, role, symbols, run, names);
  }
  PointsSeen seen = ObservePoints(directory, roles, points, run, names);
  stitch::Normalize(run);
  const absl::StatusOr<Trace> trace = ReadTrace(directory);
  if (!trace.ok()) return seen;      // nobody called NCCL or marked steps
  std::map<int32_t, int64_t> steps;  // by rank; a restarted rank counts as the furthest of its processes
  for (const record::FlightRecord& record : trace->records) {
    if (record.process.rank < 0 || record.process.step < 0) continue;
    int64_t& most = steps[record.process.rank];
    most = std::max(most, record.process.step + 1);
  }
  if (steps.empty()) return seen;
  run.units = std::numeric_limits<uint64_t>::max();
  for (const auto& [rank, count] : steps) {
    run.units = std::min(run.units, static_cast<uint64_t>(count));
    run.most_units = std::max(run.most_units, static_cast<uint64_t>(count));
  }
  return seen;
}

}  // namespace rankle::cli
