#include "analyzer/whatif/graph.h"

#include <algorithm>

#include "absl/status/status.h"

namespace rankle::whatif {

std::vector<double> Graph::Replay(const std::vector<double>& own_time) const {
  std::vector<double> end(own_time.size(), 0);
  for (size_t u = 0; u + 1 < unit_begin_.size(); ++u) {
    double begin = 0;
    for (uint32_t i = waits_begin_[u]; i < waits_begin_[u + 1]; ++i) begin = std::max(begin, end[waits_[i]]);
    for (uint32_t i = unit_begin_[u]; i < unit_begin_[u + 1]; ++i) {
      end[operations_[i]] = begin + own_time[operations_[i]];
    }
  }
  return end;
}

void GraphBuilder::Chain(const std::vector<uint32_t>& operations) {
  for (size_t i = 1; i < operations.size(); ++i) Wait(operations[i], operations[i - 1]);
}

void GraphBuilder::Join(const std::vector<uint32_t>& operations) {
  for (uint32_t operation : operations) joined_with_[UnitOf(operation)] = UnitOf(operations.front());
}

uint32_t GraphBuilder::UnitOf(uint32_t operation) {
  while (joined_with_[operation] != operation) {
    joined_with_[operation] = joined_with_[joined_with_[operation]];  // halves the path for the next time
    operation = joined_with_[operation];
  }
  return operation;
}

absl::StatusOr<Graph> GraphBuilder::Build() {
  const uint32_t count = static_cast<uint32_t>(waits_.size());
  std::vector<uint32_t> unit(count);
  std::vector<std::vector<uint32_t>> members(count), followers(count);
  std::vector<uint32_t> open(count, 0);  // dependencies of a unit that have not been placed yet
  for (uint32_t i = 0; i < count; ++i) members[unit[i] = UnitOf(i)].push_back(i);
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t other : waits_[i]) {
      followers[unit[other]].push_back(unit[i]);
      ++open[unit[i]];
    }
  }
  std::vector<uint32_t> order;
  for (uint32_t u = 0; u < count; ++u) {
    if (!members[u].empty() && open[u] == 0) order.push_back(u);
  }
  Graph graph;
  graph.unit_begin_ = {0};
  graph.waits_begin_ = {0};
  for (size_t next = 0; next < order.size(); ++next) {
    for (uint32_t operation : members[order[next]]) {
      graph.operations_.push_back(operation);
      graph.waits_.insert(graph.waits_.end(), waits_[operation].begin(), waits_[operation].end());
    }
    graph.unit_begin_.push_back(static_cast<uint32_t>(graph.operations_.size()));
    graph.waits_begin_.push_back(static_cast<uint32_t>(graph.waits_.size()));
    for (uint32_t follower : followers[order[next]]) {
      if (--open[follower] == 0) order.push_back(follower);
    }
  }
  if (graph.operations_.size() != count) {
    return absl::InvalidArgumentError(
        "what-if: operations wait for each other in a circle: the order of the trace is not one that a job "
        "can "
        "have run in; is the trace whole, and are its clocks synchronised?");
  }
  return graph;
}

}  // namespace rankle::whatif
