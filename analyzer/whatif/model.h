// One job as the what-if analysis sees it: operations with the time that each takes by itself, and what each
// must wait for. Plain values; readers of traces make a Model, analysis.h asks it questions.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "analyzer/whatif/graph.h"

namespace rankle::whatif {

// Who runs operations in program order. Replicas (dp, tp) run the same program; a stage is a part of it.
struct Worker {
  int32_t rank = 0;  // as the trace numbers it
  int32_t dp = 0, stage = 0, tp = 0;
  friend bool operator==(const Worker&, const Worker&) = default;
};

struct Type {
  std::string name;
  std::string group;  // what the results call it: directions of one exchange are one group
  bool communication = false;
  // Of computation: all of this type have the same work to do, so its ideal is what the median worker takes.
  // A mean would contain the slow one: of four workers one of twice the time raises it by a quarter.
  bool same_work = false;
};

struct Operation {
  int32_t worker = 0;  // index into Model::workers
  int32_t type = 0;    // index into Model::types
  int32_t step = 0;    // index into Model::steps
  double start = 0;    // seconds, on one axis for all workers of the step
  double end = 0;
};

// Which steps of a job to look at, both ends included.
struct StepRange {
  int64_t from = std::numeric_limits<int64_t>::min(), to = std::numeric_limits<int64_t>::max();
  bool Has(int64_t step) const { return from <= step && step <= to; }
};

struct Model {
  std::vector<Worker> workers;
  std::vector<Type> types;
  std::vector<int64_t> steps;  // as the trace numbers them
  std::vector<Operation> operations;
  Graph graph;                     // over the operations
  std::vector<std::string> notes;  // what was left out or assumed, one line each
  bool stages_known = true;        // Worker::dp and stage mean something
  // The operations of a step wait for those of the step before: one replay runs through all steps. Else each
  // step is replayed from 0.
  bool steps_follow = false;
  // Each worker is replayed by itself to tell its slowdown; else it is the lesser of those of its dp rank and
  // stage (the study's estimate, which costs a replay for each of these only).
  bool replay_each_worker = false;
};

}  // namespace rankle::whatif
