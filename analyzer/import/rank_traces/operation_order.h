// Gives the operations of all traces of a job their numbers: collectives of a group, and sends of one rank to
// another with their receives (shared_order.h). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/import/rank_traces/rank_trace.h"
#include "analyzer/import/rank_traces/trace_groups.h"

namespace rankle::import {

struct OperationOrder {
  // Of each operation of each trace; the same collective of a group has the same number. 0 = left out.
  std::vector<std::vector<uint32_t>> number;
  size_t outside = 0;           // left out: not all their ranks recorded them
  size_t not_told = 0;          // left out: nothing tells which belong together
  std::vector<int32_t> untold;  // groups of these, ascending
  bool shifted = false;         // calls without times are not numbered by their order alone

  // Is anything left that belongs to a group?
  bool TellsAny(const TraceGroups& groups) const;
};

// `completed`: operations have run on a device and have times, else they are calls.
OperationOrder FindOperationOrder(const std::vector<RankTrace>& traces, const TraceGroups& groups,
                                  bool completed);

}  // namespace rankle::import
