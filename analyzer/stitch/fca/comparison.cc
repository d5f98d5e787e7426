#include "analyzer/stitch/fca/comparison.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analyzer/stitch/describe.h"

namespace rankle::stitch {
namespace {

double MedianUnits(const std::vector<const RunObservation*>& runs) {
  std::vector<double> units;
  units.reserve(runs.size());
  for (const RunObservation* run : runs) units.push_back(static_cast<double>(run->units));
  if (units.empty()) return 0;
  const auto middle = units.begin() + units.size() / 2;
  std::nth_element(units.begin(), middle, units.end());
  return *middle;
}

}  // namespace

std::vector<Comparison> GroupRuns(const std::vector<RunObservation>& runs, std::vector<std::string>& notes) {
  std::map<std::string, std::vector<const RunObservation*>> plain;
  for (const RunObservation& run : runs) {
    if (!run.fault) plain[run.workload].push_back(&run);
  }
  std::vector<Comparison> comparisons;
  std::map<std::pair<std::string, Fault>, size_t> places;
  for (const RunObservation& run : runs) {
    if (!run.fault) continue;
    const auto [it, fresh] = places.try_emplace({run.workload, *run.fault}, comparisons.size());
    if (fresh) {
      comparisons.push_back(
          {.workload = run.workload, .fault = *run.fault, .plain = {}, .injected = {}, .rows = {}});
      comparisons.back().plain = plain[run.workload];
    }
    if (run.fired > 0) comparisons[it->second].injected.push_back(&run);
  }
  std::set<std::string> without_profile;
  for (const Comparison& comparison : comparisons) {
    if (comparison.plain.empty()) without_profile.insert(comparison.workload);
    if (comparison.injected.empty()) {
      notes.push_back(absl::StrCat(Describe(comparison.fault), " in ", comparison.workload,
                                   ": never carried out: the workload did not get there when it was armed"));
    }
  }
  for (const std::string& workload : without_profile) {
    notes.push_back(absl::StrCat(workload, ": no profile run: nothing can be told of its faults"));
  }
  for (const auto& [workload, profile] : plain) {
    const size_t bad = std::count_if(profile.begin(), profile.end(),
                                     [](const RunObservation* run) { return run->end != End::kOk; });
    if (bad > 0) {
      notes.push_back(
          absl::StrCat(workload, ": ", bad, " of ", profile.size(),
                       " profile runs did not end well: what it does without any fault is not told "
                       "apart from its faults' effects"));
    }
  }
  std::erase_if(comparisons, [](const Comparison& c) { return c.plain.empty() || c.injected.empty(); });
  return comparisons;
}

void FillRows(Comparison& comparison, const std::set<SiteId>& watched) {
  using View = std::tuple<const std::string&, SiteId, CallSiteId>;
  std::map<View, Row> rows;
  const auto add = [&](const std::vector<const RunObservation*>& runs, auto side) {
    for (size_t i = 0; i < runs.size(); ++i) {
      for (const SiteObservation& observation : runs[i]->rows) {
        Row& row = rows[View(observation.role, observation.site, observation.call_site)];
        if (row.plain.empty()) {
          row.plain.resize(comparison.plain.size(), nullptr);
          row.injected.resize(comparison.injected.size(), nullptr);
        }
        (row.*side)[i] = &observation;
      }
    }
  };
  add(comparison.plain, &Row::plain);
  add(comparison.injected, &Row::injected);
  comparison.rows.clear();
  comparison.rows.reserve(rows.size());
  for (auto& [view, row] : rows) {
    row.key = {{std::get<0>(view), std::get<1>(view)}, std::get<2>(view)};
    const bool kept = watched.empty() || watched.contains(row.key.place.site) ||
                      watched.contains(ParentOf(row)) || IsOwnPlace(comparison.fault, row.key.place);
    if (!kept) continue;
    comparison.rows.push_back(std::move(row));
  }
}

SiteId ParentOf(const Row& row) {
  for (const auto* side : {&row.injected, &row.plain}) {
    for (const SiteObservation* observation : *side) {
      if (observation != nullptr && observation->parent != 0) return observation->parent;
    }
  }
  return 0;
}

bool IsOwnPlace(const Fault& fault, const Place& place) {
  if (!fault.role.empty() && fault.role != place.role) return false;
  return place.site == fault.site || (fault.context != 0 && place.site == fault.context);
}

std::vector<double> ScaledCounts(const Comparison& comparison, const Row& row, bool injected) {
  const auto& runs = injected ? comparison.injected : comparison.plain;
  const auto& observations = injected ? row.injected : row.plain;
  const double usual = MedianUnits(comparison.plain);
  std::vector<double> counts;
  counts.reserve(runs.size());
  for (size_t i = 0; i < runs.size(); ++i) {
    const double hits = observations[i] == nullptr ? 0.0 : static_cast<double>(observations[i]->hits);
    const double units = static_cast<double>(runs[i]->units);
    counts.push_back(usual > 0 && units > usual ? hits * usual / units : hits);
  }
  return counts;
}

}  // namespace rankle::stitch
