// The dependencies within one step of a pipeline-parallel job (pipeline.h puts the steps together). Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "analyzer/whatif/exchange.h"
#include "analyzer/whatif/graph.h"
#include "analyzer/whatif/operation_trace.h"

namespace rankle::whatif {

// Who is where.
struct Layout {
  explicit Layout(const std::vector<Worker>& workers);
  // Workers of a stage that hold the same part of the model and reduce gradients together: all dp ranks.
  std::map<std::pair<int32_t, int32_t>, std::vector<int32_t>> peers;  // (stage, tp)
  std::map<std::tuple<int32_t, int32_t, int32_t>, int32_t> worker;    // (dp, tp, stage)
  int32_t stages = 0;
};

// How many idle exchanges there are is a property of the program, not of a step: what most steps and dp ranks
// of a stage say counts. Key: (stage, tp, index into kSides); value: count -> votes.
using IdleVotes = std::map<std::tuple<int32_t, int32_t, size_t>, std::map<size_t, size_t>>;

class StepGraph {
 public:
  // `indices` are the operations of the step in `trace`; both must live until Connect has returned.
  StepGraph(const OperationTrace& trace, const Layout& layout, const std::vector<uint32_t>& indices);

  void VoteIdle(IdleVotes& votes) const;
  // Finds the dependencies. Returns why the step cannot be replayed, "" when it can.
  std::string Connect(const IdleVotes& votes);
  // Adds them, numbering the operations from `first` in the order of `indices`; returns the number after.
  uint32_t AddTo(GraphBuilder& builder, uint32_t first) const;

 private:
  using List = std::vector<uint32_t>;  // positions in `indices`, in order of start
  const TracedOperation& At(uint32_t i) const { return trace_.operations[indices_[i]]; }
  const List& Of(int32_t worker, Kind kind) const { return lists_[worker][static_cast<size_t>(kind)]; }
  std::vector<Span> Spans(const List& list) const;

  void Wait(uint32_t operation, uint32_t for_operation) { waits_.emplace_back(operation, for_operation); }
  void Chain(const List& list);
  void ConnectComputations(int32_t worker);
  void ConnectExchanges(int32_t worker, const IdleVotes& votes);
  void ConnectReductions(int32_t worker);
  void ConnectEnd(int32_t worker);
  std::string JoinExchanges();
  std::string JoinCollectives();
  std::string JoinEach(Kind kind, const std::vector<int32_t>& workers);

  const OperationTrace& trace_;
  const Layout& layout_;
  const std::vector<uint32_t>& indices_;
  int32_t chunks_ = 1;                                       // model chunks of a worker
  std::vector<std::array<List, kKinds>> lists_;              // by worker
  std::vector<List> computations_;                           // by worker: forward and backward
  std::vector<std::array<List, std::size(kSides)>> active_;  // by worker: exchanges that have a peer
  std::vector<std::pair<uint32_t, uint32_t>> waits_;
  std::vector<List> joined_;
};

}  // namespace rankle::whatif
