#include "analyzer/whatif/pipeline.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "analyzer/whatif/step_graph.h"

namespace rankle::whatif {
namespace {

std::vector<Type> Types() {
  std::vector<Type> types;
  for (const auto& kind : kKindTable) {
    types.push_back({std::string(kind.name), std::string(kind.group), kind.communication});
  }
  return types;
}

using Steps = std::map<int64_t, std::vector<uint32_t>>;  // indices into OperationTrace::operations

Steps OperationsBySteps(const OperationTrace& trace) {
  Steps steps;
  for (uint32_t i = 0; i < trace.operations.size(); ++i) steps[trace.operations[i].step].push_back(i);
  return steps;
}

std::string Unknown(const OperationTrace& trace) {
  std::string list;
  for (const auto& [name, count] : trace.unknown) {
    absl::StrAppend(&list, list.empty() ? "" : ", ", count, " ", name);
  }
  return list;
}

// The notes on steps without a model: one for each reason, with the number of steps.
void NoteLeftOut(const std::map<std::string, size_t>& reasons, size_t steps, Model& model) {
  for (const auto& [reason, count] : reasons) {
    model.notes.push_back(absl::StrCat(count, " of ", steps, " steps left out: ", reason));
  }
}

}  // namespace

absl::StatusOr<Model> PipelineModel(const OperationTrace& trace) {
  Model model;
  model.workers = trace.workers;
  model.types = Types();
  model.notes = trace.notes;
  if (!trace.unknown.empty()) {
    model.notes.push_back(absl::StrCat("operations of unknown types left out: ", Unknown(trace)));
  }
  const Layout layout(trace.workers);
  const Steps steps = OperationsBySteps(trace);
  IdleVotes votes;
  for (const auto& [number, indices] : steps) StepGraph(trace, layout, indices).VoteIdle(votes);

  std::vector<StepGraph> graphs;
  std::map<std::string, size_t> reasons;
  for (const auto& [number, indices] : steps) {
    StepGraph graph(trace, layout, indices);
    if (const std::string reason = graph.Connect(votes); !reason.empty()) {
      ++reasons[reason];
      continue;
    }
    const int32_t step = static_cast<int32_t>(model.steps.size());
    model.steps.push_back(number);
    for (uint32_t i : indices) {
      const TracedOperation& o = trace.operations[i];
      model.operations.push_back({o.worker, static_cast<int32_t>(o.kind), step, o.start, o.end});
    }
    graphs.push_back(std::move(graph));
  }
  NoteLeftOut(reasons, steps.size(), model);
  if (model.operations.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "what-if: no step can be replayed: ",
        reasons.empty() ? "the trace has no operation of a known type: is it a trace of training iterations?"
                        : reasons.begin()->first + ": check that the trace has all workers of these steps"));
  }
  GraphBuilder builder(model.operations.size());
  uint32_t first = 0;
  for (const StepGraph& graph : graphs) first = graph.AddTo(builder, first);
  auto built = builder.Build();
  if (!built.ok()) return built.status();
  model.graph = *std::move(built);
  return model;
}

}  // namespace rankle::whatif
