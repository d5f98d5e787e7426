#include "analyzer/stitch/allocate/injections.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace rankle::stitch {
namespace {

auto WithoutParameter(const Fault& fault) {
  return std::make_tuple(fault.site, fault.kind, fault.context, fault.role);
}

// Local behaviour of one place in one workload: call sites, and signatures at them.
using Behaviour = std::set<std::pair<CallSiteId, Signature>>;
using ByWorkload = std::map<std::string, Behaviour>;

// By site, then by role: a fault of one role looks at that one only.
std::map<SiteId, std::map<std::string, ByWorkload>> ProfileBehaviour(
    const std::vector<RunObservation>& runs) {
  std::map<SiteId, std::map<std::string, ByWorkload>> sites;
  for (const RunObservation& run : runs) {
    if (run.fault) continue;
    for (const SiteObservation& row : run.rows) {
      if (row.hits == 0) continue;
      Behaviour& behaviour = sites[row.site][row.role][run.workload];
      behaviour.insert({row.call_site, 0});
      for (Signature signature : row.signatures) behaviour.insert({row.call_site, signature});
    }
  }
  return sites;
}

std::vector<std::string> CoverageOrder(ByWorkload left) {
  std::vector<std::string> order;
  while (!left.empty()) {
    const auto best = std::max_element(left.begin(), left.end(), [](const auto& a, const auto& b) {
      return a.second.size() < b.second.size();
    });
    const Behaviour shown = std::move(best->second);
    order.push_back(best->first);
    left.erase(best);
    for (auto& [workload, behaviour] : left) {
      std::erase_if(behaviour, [&](const auto& item) { return shown.contains(item); });
    }
  }
  return order;
}

}  // namespace

bool SameInjection(const Fault& a, const Fault& b) { return WithoutParameter(a) == WithoutParameter(b); }

std::vector<Injection> FindInjections(const std::vector<RunObservation>& runs,
                                      const std::vector<Fault>& faults) {
  const auto sites = ProfileBehaviour(runs);
  std::map<decltype(WithoutParameter(faults.front())), std::set<Fault>> grouped;
  for (const Fault& fault : faults) grouped[WithoutParameter(fault)].insert(fault);
  std::vector<Injection> injections;
  for (const auto& [key, members] : grouped) {
    Injection injection{.faults = {members.begin(), members.end()}, .workloads = {}};
    // Where the context has rows of its own its behaviour counts, else that of the fault's site.
    auto site = sites.find(injection.place());
    if (site == sites.end()) site = sites.find(injection.fault().site);
    ByWorkload behaviour;
    if (site != sites.end()) {
      for (const auto& [role, workloads] : site->second) {
        if (!injection.fault().role.empty() && role != injection.fault().role) continue;
        for (const auto& [workload, shown] : workloads)
          behaviour[workload].insert(shown.begin(), shown.end());
      }
    }
    injection.workloads = CoverageOrder(std::move(behaviour));
    injections.push_back(std::move(injection));
  }
  return injections;
}

}  // namespace rankle::stitch
