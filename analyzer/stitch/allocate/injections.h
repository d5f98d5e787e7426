// What can be injected where: faults that differ only in their parameter (delay lengths, error codes) or hit
// are one injection, and each workload that gets to its place in profile runs is one way to try it.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <vector>

#include "analyzer/stitch/observation.h"

namespace rankle::stitch {

struct Choice {
  std::string workload;
  Fault fault;
  friend auto operator<=>(const Choice&, const Choice&) = default;  // NOLINT(modernize-use-nullptr)
};

struct Injection {
  std::vector<Fault> faults;  // ascending by parameter, then hit
  // Workloads that reach it, in the order in which they show the most local behaviour that the ones before
  // did not (greedy set cover over the signatures at its place); then by name.
  std::vector<std::string> workloads;

  const Fault& fault() const { return faults.front(); }
  SiteId place() const { return fault().context != 0 ? fault().context : fault().site; }
};

// The same place, kind and role, whatever parameter and hit.
bool SameInjection(const Fault& a, const Fault& b);

// Ascending by their first fault; those that no profile run reaches have no workloads.
std::vector<Injection> FindInjections(const std::vector<RunObservation>& runs,
                                      const std::vector<Fault>& faults);

}  // namespace rankle::stitch
