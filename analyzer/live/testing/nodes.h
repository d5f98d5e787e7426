// For tests: the digests that the watchers of several nodes would have written of a synthetic job.
#pragma once

#include <vector>

#include "analyzer/live/parts.h"
#include "analyzer/testing/diagnose.h"

namespace rankle::live::testing {

inline constexpr int kHungRank = 3;

using rankle::testing::JobBuilder;

// Four ranks; after 20 steps rank 3 does not come to the next all-reduce, for ten seconds.
JobBuilder HangingJob();

// Ranks are dealt out evenly: with two nodes, 0 and 1 run on node n0, 2 and 3 on n1.
class NodesOfJob {
 public:
  NodesOfJob(const JobBuilder& job, int nodes);
  const std::vector<Part>& parts() const { return parts_; }
  std::vector<Part>& parts() { return parts_; }

 private:
  std::vector<Part> parts_;
};

}  // namespace rankle::live::testing
