// Where does a transfer that does not end stand still? From the step counters of the transport records. Pure.
//
// When one link of a ring stops, its neighbours stop soon after: they wait for data, or for room at the next
// rank. So steps that were handed to the network count first; only where no library tells of that, steps that
// were begun. A single such link is where it stopped; of several the records do not say which was first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::localize {

struct StuckLink {
  int32_t source = store::kNone, destination = store::kNone;  // indices into Store::ranks
  std::string what;                                           // a sentence that can be checked
};

// Links of the communicator with something on the way, one entry a link. `collective`: its sequence number;
// what is known to belong to another operation (queued behind it) is left out then. Without it sends and
// receives are meant, which form one transfer with whatever is grouped with them: nothing is left out.
std::vector<StuckLink> FindStuckLinks(const store::Store& store, int32_t communicator,
                                      std::optional<uint32_t> collective);

// How far the ranks are in collective `seq`, the one with the least behind it first; empty where no record
// tells it.
std::vector<std::string> DescribeTransferProgress(const store::Store& store, int32_t communicator,
                                                  uint32_t seq);

}  // namespace rankle::localize
