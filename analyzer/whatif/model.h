// One job as the what-if analysis sees it: operations with the time that each takes by itself, and what each
// must wait for. Plain values; readers of traces make a Model, analysis.h asks it questions.
#pragma once

#include <cstdint>
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
};

struct Operation {
  int32_t worker = 0;  // index into Model::workers
  int32_t type = 0;    // index into Model::types
  int32_t step = 0;    // index into Model::steps
  double start = 0;    // seconds, on one axis for all workers of the step
  double end = 0;
};

struct Model {
  std::vector<Worker> workers;
  std::vector<Type> types;
  std::vector<int64_t> steps;  // as the trace numbers them
  std::vector<Operation> operations;
  Graph graph;                     // over the operations
  std::vector<std::string> notes;  // what was left out or assumed, one line each
};

}  // namespace rankle::whatif
