// Runs a cascade program as a job, and says how it ended and what its ledger counted.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_EVIDENCE_JOB_RUN_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_EVIDENCE_JOB_RUN_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "corpora/programs/cascades/evidence/truth.h"

namespace rankle::cascades {

struct JobSpec {
  std::string executable;
  int ranks = 2;
  bool fixed = false;
  std::string workload;
  std::string trigger;  // empty: a plain run
};

struct SiteCount {
  uint32_t hits = 0;
  std::map<std::string, uint32_t> outcomes;  // by errno's name, of calls that failed
};

struct JobRun {
  std::vector<int> exit_codes;  // by rank; 128 + signal for one that was killed
  std::string output;           // of all ranks, in turn
  std::map<std::pair<std::string, std::string>, SiteCount> sites;  // by function and call
  bool fault_happened = false;

  bool AllDone() const;
  // The number after `field=` in the line for machines; -1: no such line.
  int Field(const std::string& field) const;
  SiteCount At(const Site& site) const;
};

// Several at a time, each with a port and a ledger of its own; in the order of `specs`. Files go to `folder`.
std::vector<JobRun> RunJobs(const std::vector<JobSpec>& specs, const std::string& folder);

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_EVIDENCE_JOB_RUN_H_
