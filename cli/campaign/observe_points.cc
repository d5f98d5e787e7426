#include "cli/campaign/observe_points.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <tuple>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/campaign/site_names.h"
#include "cli/launch/files.h"
#include "cli/launch/text.h"
#include "tracer/sites/site_id.h"

namespace rankle::cli {
namespace {

using points_record::CallSite;
using stitch::SiteKind;

// A name is for people: how an iteration ended.
constexpr size_t kShownSteps = 6;

// In a step the last byte of an id is the outcome.
constexpr uint64_t kOutcomeByte = 0xff;

uint64_t Hash(std::string_view what, uint64_t a, uint64_t b) {
  namespace fold = sites::internal;
  const uint64_t hash = fold::Fold(fold::Fold(fold::Fold(0xcbf29ce484222325ull, what), a), b);
  return hash == 0 ? 1 : hash;
}

stitch::CallSiteId CallSiteOf(const CallSite& site) {
  return Hash("callers", site.caller, site.caller_of_caller);
}

std::string FunctionText(uint64_t function, const PointList& list) {
  if (function == 0) return "";
  const auto found = list.functions.find(function);
  return found == list.functions.end() ? absl::StrFormat("function %016x", function) : found->second;
}

std::string CallersText(const CallSite& site, const PointList& list) {
  const std::string caller = FunctionText(site.caller, list),
                    above = FunctionText(site.caller_of_caller, list);
  if (caller.empty()) return "no instrumented caller";
  return above.empty() ? caller : Cat(caller, " < ", above);
}

// Adds one process to an observation.
class Adder {
 public:
  Adder(const std::string& role, const PointList& list, stitch::RunObservation& run, stitch::Names& names)
      : role_(role), list_(list), run_(run), names_(names) {}

  // Index into the run's rows.
  size_t RowOf(const CallSite& site, const stitch::SiteInfo& info) {
    const auto [found, fresh] =
        rows_.try_emplace({site.point, site.caller, site.caller_of_caller}, run_.rows.size());
    if (!fresh) return found->second;
    const stitch::CallSiteId call_site = CallSiteOf(site);
    run_.rows.push_back({.role = role_,
                         .site = site.point,
                         .call_site = call_site,
                         .hits = 0,
                         .signatures = {},
                         .parent = 0,
                         .per_parent = {}});
    names_.sites.try_emplace(site.point, info);
    names_.call_sites.try_emplace(call_site, CallersText(site, list_));
    return found->second;
  }

  void AddCounts(const points_record::SiteCounts& counts, const stitch::SiteInfo& info) {
    const size_t row = RowOf(counts.site, info);
    const bool is_loop = info.kind == SiteKind::kLoop;
    run_.rows[row].hits += is_loop ? counts.count : counts.hits;
    if (info.kind == SiteKind::kDetector) {
      AddOutcome(row, info, "true", counts.count > 0);
      AddOutcome(row, info, "false", counts.hits > counts.count);
    } else if (info.kind == SiteKind::kThrow) {
      AddOutcome(row, info, "thrown", counts.count > 0);
      AddOutcome(row, info, "passed", counts.hits > counts.count);
    }
  }

  void AddSignature(const points_record::Signature& signature, const stitch::SiteInfo& info) {
    // Iterations without any step are alike in all loops, and yet each loop's own.
    const stitch::Signature id = Hash("iteration", signature.loop.point, signature.signature);
    run_.rows[RowOf(signature.loop, info)].signatures.push_back(id);
    if (names_.signatures.contains(id)) return;
    const bool whole = signature.steps == signature.last.size();
    const size_t shown = std::min(signature.last.size(), kShownSteps);
    std::vector<std::string> steps;
    for (size_t i = signature.last.size() - shown; i < signature.last.size(); ++i)
      steps.push_back(StepText(signature.last[i]));
    names_.signatures[id] = {
        .text = Cat("iteration of ", info.name, ": ", signature.steps == shown ? "" : "... ",
                    steps.empty() ? "no branch" : absl::StrJoin(steps, ", ")),
        .outcomes = whole ? signature.last : std::vector<stitch::Outcome>{}};
  }

  // `around`: iterations of the parent, whatever they held.
  void AddNest(const points_record::Nest& nest, uint64_t around, const stitch::SiteInfo& info) {
    stitch::SiteObservation& row = run_.rows[RowOf(nest.loop, info)];
    uint64_t holding = 0, known = 0;
    for (const auto& [iterations, parents] : nest.bins) holding += parents;
    for (const stitch::ParentBin& bin : row.per_parent) known += bin.iterations > 0 ? bin.parents : 0;
    if (row.parent != 0 && known >= holding) return;  // reached from several loops: it belongs to the busiest
    row.parent = nest.parent;
    row.per_parent.clear();
    if (around > holding) row.per_parent.push_back({.iterations = 0, .parents = around - holding});
    for (const auto& [iterations, parents] : nest.bins) row.per_parent.push_back({iterations, parents});
  }

 private:
  void AddOutcome(size_t row, const stitch::SiteInfo& info, const std::string& outcome, bool occurred) {
    if (!occurred) return;
    const std::string text = Cat(FunctionOf(info), ": ", outcome);
    const stitch::Signature id = Hash(outcome, run_.rows[row].site, 0);
    run_.rows[row].signatures.push_back(id);
    names_.signatures.try_emplace(id, stitch::SignatureInfo{.text = text, .outcomes = {id}});
  }
  std::string StepText(uint64_t step) const {
    const uint64_t base = step & ~kOutcomeByte, outcome = step & kOutcomeByte;
    const auto point = list_.points.lower_bound(base);
    const bool known = point != list_.points.end() && (point->first & ~kOutcomeByte) == base;
    return Cat(known ? FunctionOf(point->second) : absl::StrFormat("point %014x..", base >> 8), " = ",
               outcome);
  }

  const std::string& role_;
  const PointList& list_;
  stitch::RunObservation& run_;
  stitch::Names& names_;
  std::map<std::tuple<uint64_t, uint64_t, uint64_t>, size_t> rows_;
};

}  // namespace

std::vector<std::string> PointsSeen::Notes() const {
  std::vector<std::string> notes;
  if (unknown > 0) {
    notes.push_back(
        Cat(unknown,
            " instrumented points of the program are in no list of 'points: { overlays }': it was "
            "built from another version of the sources, or its overlay is not named; they are "
            "left out"));
  }
  if (lost > 0) {
    notes.push_back(
        "points records were full: points or signatures are missing; instrument less "
        "(rankle instrument --only)");
  }
  notes.insert(notes.end(), damaged.begin(), damaged.end());
  return notes;
}

void AddPoints(const points_record::PointsRecord& record, const std::string& role, const PointList& list,
               stitch::RunObservation& run, stitch::Names& names, PointsSeen& seen) {
  Adder adder(role, list, run, names);
  std::set<uint64_t> unknown;
  ++seen.processes;
  seen.lost += record.lost_sites + record.lost_signatures;
  for (const points_record::SiteCounts& counts : record.sites) {
    seen.fired[counts.site.point] += counts.injected;
    const auto info = list.points.find(counts.site.point);
    if (info == list.points.end()) {
      unknown.insert(counts.site.point);
    } else {
      adder.AddCounts(counts, info->second);
    }
  }
  for (const points_record::Signature& signature : record.signatures) {
    const auto info = list.points.find(signature.loop.point);
    if (info != list.points.end()) adder.AddSignature(signature, info->second);
  }
  for (const points_record::Nest& nest : record.nests) {
    const auto info = list.points.find(nest.loop.point);
    if (info == list.points.end()) continue;
    uint64_t around = 0;
    for (const points_record::SiteCounts& counts : record.sites)
      around += counts.site.point == nest.parent ? counts.count : 0;
    adder.AddNest(nest, around, info->second);
  }
  seen.unknown = std::max(seen.unknown, unknown.size());  // processes of one program have the same ones
}

PointsSeen ObservePoints(const std::string& directory, const std::map<int64_t, std::string>& roles,
                         const PointList& list, stitch::RunObservation& run, stitch::Names& names) {
  PointsSeen seen;
  std::set<std::string> paths;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(directory, error)) {
    if (file.path().extension() == ".rkp") paths.insert(file.path().string());
  }
  for (const std::string& path : paths) {
    const absl::StatusOr<std::string> bytes = ReadFile(path);
    const auto record = bytes.ok() ? points_record::ReadPointsRecord(*bytes, path) : bytes.status();
    if (!record.ok()) {
      seen.damaged.emplace_back(StdView(record.status().message()));
      continue;
    }
    const auto role = roles.find(record->pid);
    AddPoints(*record, role == roles.end() ? kHelperRole : role->second, list, run, names, seen);
  }
  return seen;
}

}  // namespace rankle::cli
