// What waits for what, and the replay of it with other durations. Pure.
//
// Operations that can only happen together (the members of a collective, a send and its receive) are joined
// into one unit: a unit begins when everything that any of its members waits for has ended, and each member
// then takes its own time. A dependency graph of units has an order in which one pass computes all ends.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::whatif {

class Graph {
 public:
  // When each operation ends if operation i takes `own_time[i]` seconds and everything without a dependency
  // begins at 0.
  std::vector<double> Replay(const std::vector<double>& own_time) const;

  // Calls f(first, last) for the operations of each unit.
  template <typename F>
  void ForEachUnit(const F& f) const {
    for (size_t u = 0; u + 1 < unit_begin_.size(); ++u) {
      f(operations_.data() + unit_begin_[u], operations_.data() + unit_begin_[u + 1]);
    }
  }

 private:
  friend class GraphBuilder;
  // Unit u, in an order that respects the dependencies, has the operations
  // [unit_begin_[u], unit_begin_[u + 1]) and waits for [waits_begin_[u], waits_begin_[u + 1]).
  std::vector<uint32_t> unit_begin_, operations_, waits_begin_, waits_;
};

class GraphBuilder {
 public:
  explicit GraphBuilder(size_t operations) : joined_with_(operations), waits_(operations) {
    for (uint32_t i = 0; i < operations; ++i) joined_with_[i] = i;
  }
  void Wait(uint32_t operation, uint32_t for_operation) { waits_[operation].push_back(for_operation); }
  void Chain(const std::vector<uint32_t>& operations);  // each waits for the one before
  void Join(const std::vector<uint32_t>& operations);   // they happen together
  // An error when operations wait for each other in a circle.
  absl::StatusOr<Graph> Build();

 private:
  uint32_t UnitOf(uint32_t operation);
  std::vector<uint32_t> joined_with_;  // union-find
  std::vector<std::vector<uint32_t>> waits_;
};

}  // namespace rankle::whatif
