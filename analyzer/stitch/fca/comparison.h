// What is compared: the injected runs of one fault in one workload with the profile runs of that workload,
// row by row. Everything points into the observations, which must outlive it.
#pragma once

#include <compare>
#include <set>
#include <string>
#include <vector>

#include "analyzer/stitch/observation.h"

namespace rankle::stitch {

// A vertex of the causal graph.
struct Place {
  std::string role;
  SiteId site = 0;
  friend auto operator<=>(const Place&, const Place&) = default;  // NOLINT(modernize-use-nullptr)
};

struct Key {
  Place place;
  CallSiteId call_site = 0;
  friend auto operator<=>(const Key&, const Key&) = default;  // NOLINT(modernize-use-nullptr)
};

struct Row {
  Key key;
  // By run, in the order of the comparison's runs; nullptr = the run never got there.
  std::vector<const SiteObservation*> plain, injected;
};

struct Comparison {
  std::string workload;
  Fault fault;
  std::vector<const RunObservation*> plain, injected;
  std::vector<Row> rows;  // in the order of their keys
};

// One for each workload and fault, in the order in which they first appear, without rows. Runs whose fault
// was never carried out are not injected runs; `notes` says of which faults and workloads nothing can be
// told.
std::vector<Comparison> GroupRuns(const std::vector<RunObservation>& runs, std::vector<std::string>& notes);

// Keeps only rows of these sites, of their children, and of the fault's own places; empty = all rows.
// Apart from GroupRuns because the rows of all comparisons together are many times the observations.
void FillRows(Comparison& comparison, const std::set<SiteId>& watched = {});

// Is it where the fault is injected, or the loop around that? What happens there is the fault, not its
// effect.
bool IsOwnPlace(const Fault& fault, const Place& place);

// The loop around a row, as the first run tells that knows; 0 = none.
SiteId ParentOf(const Row& row);

// The row's counts, one for each run of a side, for the same amount of work: a run that did more work than
// the median plain run counts less. One that did less is not scaled up, since work that is done once a run
// (connecting, loading) would then look like more of it; a lower bound, in doubt.
std::vector<double> ScaledCounts(const Comparison& comparison, const Row& row, bool injected);

}  // namespace rankle::stitch
