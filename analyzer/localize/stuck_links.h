// Where does a transfer that does not end stand still? From the step counters of the transport records. Pure.
//
// When one link of a ring stops, its neighbours stop soon after: they wait for data, or for room at the next
// rank. So steps that were handed to the network count first; only where no library tells of that, steps that
// were begun. A single such link is where it stopped; of several the records do not say which was first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/localize/wait_graph.h"
#include "analyzer/store/store.h"

namespace rankle::localize {

struct StuckLink {
  int32_t source = store::kNone, destination = store::kNone;  // indices into Store::ranks
  std::string what;                                           // a sentence that can be checked
};

// Links of the wait's communicator with something on the way, one entry a link. Of a collective, what is
// known to belong to another operation (queued behind it) is left out; sends and receives form one transfer
// with whatever is grouped with them, so there nothing is.
std::vector<StuckLink> FindStuckLinks(const store::Store& store, const Wait& wait);

// How far the ranks are in the collective of the wait, the one with the least behind it first; empty for
// sends and receives, and where no record tells it.
std::vector<std::string> DescribeTransferProgress(const store::Store& store, const Wait& wait);

}  // namespace rankle::localize
