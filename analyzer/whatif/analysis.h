// What would the job's time be if a part of it were as fast as its peers? The what-if analysis of Lin et al.,
// "Understanding Stragglers in Large Model Training Using What-if Analysis" (OSDI'25, arXiv 2505.05713).
// Pure.
//
// An operation's own time is its end less the latest start of those that it happens together with: waiting
// for others is not its fault. Its ideal time is that of its type: the mean over all workers and steps for
// computation (work that is merely spread unevenly stays the same work), the median for communication (whose
// slow outliers are faults), the median worker's for computation that is known to be the same work. The job
// is replayed with own times ("real") and ideal times.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/whatif/model.h"

namespace rankle::whatif {

// A part of the job against the rest.
struct Part {
  std::string name;
  double slowdown = 1;   // only this part real, all else ideal: step time over the ideal one
  double recovered = 0;  // only this part ideal, all else real: share of the lost time that comes back. May
                         // exceed 1 or be negative: "ideal" is slower than real for parts that are fast
  double fixed_s = 0;    // the step time that goes with it
};

struct WorkerScore {
  Worker worker;
  // Slowdown if only this worker is real, or the study's estimate of it: the lesser of those of its dp rank
  // and of its stage (Model::replay_each_worker).
  double score = 1;
};

struct Result {
  std::vector<int64_t> steps;
  size_t workers = 0, operations = 0;
  double traced_s = 0;                 // mean step, as recorded
  double real_s = 0;                   // replayed with own times: without what the trace does not explain
  double ideal_s = 0;                  // replayed with ideal times
  double slowdown = 1;                 // S = real_s / ideal_s
  std::vector<double> step_slowdowns;  // in order of `steps`
  Part worst_workers;  // the worst 3 % of the workers, at least one: `recovered` is the study's M_W
  std::vector<Worker> worst;
  bool stages_known = true;                   // else there are no last_stage, stages and dp_ranks
  Part last_stage;                            // `recovered` is the study's M_S
  std::vector<Part> types, stages, dp_ranks;  // slowest first
  std::vector<WorkerScore> scores;            // worst first
  std::vector<std::string> notes;
};

// The model has at least one operation.
Result Analyze(const Model& model);

// What each operation takes by itself, and what it would take if it were like its peers.
std::vector<double> OwnTimes(const Model& model);
std::vector<double> IdealTimes(const Model& model, const std::vector<double>& own_times);

}  // namespace rankle::whatif
