#include "cli/campaign/later_hits.h"

#include <algorithm>
#include <map>
#include <set>

namespace rankle::cli {
namespace {

// Of a role's processes; 0: their number is not known.
uint64_t ProcessesOf(const std::string& role, const Workload& workload) {
  if (workload.ranks == 0) return role == RoleOf(workload, 0) ? 1 : 0;  // the command starts more, or not
  uint64_t processes = 0;
  for (int rank = 0; rank < workload.ranks; ++rank) processes += RoleOf(workload, rank) == role ? 1 : 0;
  return processes;
}

// The middle one of the hits that a process has in one run, of the role with the most; 0 = there are too few.
int MiddleHit(const stitch::RunObservation& run, stitch::SiteId site, const Workload& workload) {
  // Of fewer, the middle one is next to the first.
  constexpr uint64_t kLeastHits = 4;
  std::map<std::string, uint64_t> hits;
  for (const stitch::SiteObservation& row : run.rows) {
    if (row.site == site) hits[row.role] += row.hits;
  }
  uint64_t most = 0;
  for (const auto& [role, count] : hits) {
    const uint64_t processes = ProcessesOf(role, workload);
    if (processes > 0) most = std::max(most, count / processes);
  }
  constexpr uint64_t kMostHit = 1'000'000'000;
  return most < kLeastHits ? 0 : static_cast<int>(std::min(most / 2 + 1, kMostHit));
}

// By site: the median over the first plain runs.
std::map<stitch::SiteId, int> MiddleHits(const stitch::Observations& observations, const Workload& workload,
                                         int plain_runs) {
  std::map<stitch::SiteId, std::vector<int>> by_site;
  for (const stitch::RunObservation& run : observations.runs) {
    if (run.fault.has_value() || run.workload != workload.name) continue;
    if (plain_runs-- <= 0) break;
    std::set<stitch::SiteId> sites;
    for (const stitch::SiteObservation& row : run.rows) sites.insert(row.site);
    for (const stitch::SiteId site : sites) by_site[site].push_back(MiddleHit(run, site, workload));
  }
  std::map<stitch::SiteId, int> middle;
  for (auto& [site, hits] : by_site) {
    std::nth_element(hits.begin(), hits.begin() + static_cast<ptrdiff_t>(hits.size() / 2), hits.end());
    if (const int hit = hits[hits.size() / 2]; hit > 1) middle[site] = hit;
  }
  return middle;
}

}  // namespace

std::vector<stitch::Fault> AtLaterHits(const std::vector<stitch::Fault>& faults,
                                       const stitch::Observations& observations, const Workload& workload,
                                       int plain_runs) {
  const std::map<stitch::SiteId, int> middle = MiddleHits(observations, workload, plain_runs);
  std::vector<stitch::Fault> later;
  for (const stitch::Fault& fault : faults) {
    const auto hit = middle.find(fault.site);
    if (fault.kind == stitch::FaultKind::kDelay || hit == middle.end()) continue;
    later.push_back(fault);
    later.back().hit = static_cast<uint32_t>(hit->second);
  }
  return later;
}

}  // namespace rankle::cli
