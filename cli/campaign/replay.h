// Does a cycle hold in one run? Which faults could set it off, and whether a run that had one of them shows
// the effects of all its links. Pure.
#pragma once

#include <string>
#include <vector>

#include "analyzer/stitch/cycle.h"
#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/observation.h"
#include "cli/campaign/campaign_file.h"

namespace rankle::cli {

// One way to try a cycle: the fault of one of its links in one workload, a few times only. What follows must
// come from what the fault has caused.
struct Replay {
  std::string workload;
  size_t link = 0;   // whose fault it is, or which goes on from what the fault brings
  std::string plan;  // short form of docs/fault-plans.md
  std::string yaml;  // the same as a file for `rankle run --plan`, or what the environment of the job says
};

// How to use what Replay::yaml says, for a heading.
std::string HowToReplay(const std::string& yaml);

// `jobs`: workloads as they are replayed; of equal ones the first. First the faults of the links, by workload
// in the order of the campaign, then by link. Left out: an error whose own place is where the last link's new
// outcome would be seen, because the records count the injected error as one. Then ways into the cycle from
// outside: delays elsewhere that were seen to bring the effect of a link, the surest first. Empty: no way is
// left.
std::vector<Replay> ReplaysOf(const stitch::Cycle& cycle, const Campaign& jobs, const stitch::Causes& causes,
                              const stitch::Names& names);

// What one replay showed of a cycle.
struct ReplaySight {
  std::vector<size_t> missing;  // links whose effects did not come, ascending
  // The job had not got over it when it ended: it ended badly, or did less work than any plain run.
  bool lasting = false;
};

// `plain`: runs of the same job without a fault, at least one. New behaviour: an outcome that proved the
// link, and that no plain run has there. More work: more calls than in any plain run, for the same work where
// the run did more of it; where it did less, also twice as many for each unit that it had begun.
ReplaySight Look(const stitch::Cycle& cycle, const std::vector<stitch::RunObservation>& plain,
                 const stitch::RunObservation& run);

// The same cycle in another stitching of the same campaign has the same key: its places, faults and effects.
std::string KeyOf(const stitch::Cycle& cycle);

}  // namespace rankle::cli
