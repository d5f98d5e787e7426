// Which event of an incident caused which: from the root of the verdict forward, along the edges of a
// library. Pure.
//
// Contract: an event has one cause at most. A link is made only if the trace has both events, the effect not
// before the cause (within the clock uncertainty, if their hosts differ), and their delay can be what the
// edge allows. What cannot be linked stays unlinked.
#pragma once

#include <vector>

#include "analyzer/explain/edge.h"
#include "analyzer/explain/event.h"

namespace rankle::explain {

struct CauseOf {
  int32_t cause = -1;  // index into the events; -1 = none is known
  int32_t edge = -1;   // index into the edges
};

// One for each event. What leads up to a root on its own ranks is linked too; across ranks nothing does,
// since the verdict says that it began there. `shown` of linked events is moved within their bounds, so that
// no effect stands before its cause.
std::vector<CauseOf> LinkEvents(Incident& incident, const std::vector<CauseEdge>& edges);

}  // namespace rankle::explain
