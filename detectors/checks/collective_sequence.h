// Which collectives follow on the ways out of a branch, up to where the ways meet again.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "detectors/checks/function_view.h"

namespace rankle::lint {

// Collectives of one way: what is called on which communicator, and where (nodes).
struct CollectiveCall {
  std::string what;
  int node = 0;
};
using Sequence = std::vector<CollectiveCall>;

// What calls a collective at a node, also through functions of the program (one entry for each inside);
// empty: nothing. The unit's summaries must be there.
class CollectiveCalls {
 public:
  CollectiveCalls(const FunctionView& function, int lambda);
  bool empty() const { return at_.empty(); }
  // In the order of evaluation within the block.
  std::vector<CollectiveCall> In(const FlowBlock& block) const;

 private:
  std::map<int, std::vector<std::string>> at_;
};

// Where all ways that leave a block meet again; index of a block. -1: never.
std::vector<int> ImmediatePostDominators(const Flow& flow);

// The sequences of all ways along `edge` to `end` (not included), or back to the branch. Ways on which a call
// failed or an exception is thrown are left out: they are no way that ranks go by plan. nullopt: too many.
std::optional<std::vector<Sequence>> SequencesAlong(const FunctionView& function, const Flow& flow,
                                                    const CollectiveCalls& calls, int branch,
                                                    const FlowEdge& edge, int end);

}  // namespace rankle::lint
