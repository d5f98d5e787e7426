// Iterations as traces of operations record them: who did what when. The readers of formats fill it
// (analyzer/import/operations/), pipeline.h makes a Model of it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/whatif/model.h"

namespace rankle::whatif {

// The operations of a training iteration with data and pipeline parallelism (Megatron's), in the order in
// which the end of a step runs them.
enum class Kind : uint8_t {
  kForwardCompute,
  kBackwardCompute,
  kForwardSend,
  kForwardRecv,
  kBackwardSend,
  kBackwardRecv,
  kParamsAllGather,
  kGarbageCollection,
  kLayernormAllReduce,
  kEmbeddingAllReduce,
  kGradsReduceScatter,
  kSeparateAllReduce,
  kClipGradients,
  kOptimizer,
};
inline constexpr size_t kKinds = 14;

// Names as in the traces of the what-if study; index = Kind.
inline constexpr struct {
  std::string_view name, group;
  bool communication;
} kKindTable[kKinds] = {
    {"forward-compute", "forward-compute", false},
    {"backward-compute", "backward-compute", false},
    {"forward-send", "forward-pp-comm", true},
    {"forward-recv", "forward-pp-comm", true},
    {"backward-send", "backward-pp-comm", true},
    {"backward-recv", "backward-pp-comm", true},
    {"params-all-gather", "params-all-gather", true},
    {"gc", "gc", false},
    {"layernorm-grads-all-reduce", "layernorm-grads-all-reduce", true},
    {"embedding-grads-all-reduce", "embedding-grads-all-reduce", true},
    {"grads-reduce-scatter", "grads-reduce-scatter", true},
    {"separate-grads-all-reduce", "separate-grads-all-reduce", true},
    {"optimizer-clip-main-grad", "optimizer-clip-main-grad", true},
    {"optimizer", "optimizer", false},
};
std::optional<Kind> KindNamed(std::string_view name);

struct TracedOperation {
  int32_t worker = 0;  // index into OperationTrace::workers
  Kind kind = Kind::kForwardCompute;
  int64_t step = 0;
  int32_t chunk = -1;     // model chunk of the worker, in order; -1 = not told (one chunk, or all of them)
  int32_t sequence = -1;  // counts up within kind, step and worker; -1 = not told
  double start = 0, end = 0;  // seconds, comparable within a step
};

struct OperationTrace {
  std::vector<Worker> workers;
  std::vector<TracedOperation> operations;
  std::map<std::string, size_t> unknown;  // operations of types that are not in the table, by name
  std::vector<std::string> notes;
};

}  // namespace rankle::whatif
