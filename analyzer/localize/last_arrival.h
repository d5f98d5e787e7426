// Who do the others wait for, where durations are known and the times in between are not? All ranks leave a
// collective in which every member needs every other at about the same time, so whoever came last was in it
// for the shortest time. A rank that is late because it waited in another communicator shows there as one
// that waits; one that is late by itself waits nowhere. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::localize {

struct LastArrival {
  int32_t rank = store::kNone;  // index into Store::ranks
  int collectives = 0;          // of it with the durations of all members; others cannot be judged
  int late = 0;                 // in which it was inside for a shorter time than most of its peers
  int64_t late_ns = 0;          // median, how much later than its peers' median it came
  int64_t held_ns = 0;          // by which it was later than them, in all
  int64_t waited_ns = 0;        // that it waited for the last one itself, in all
  int64_t inside_ns = 0;        // that its peers spent in these collectives, in all
  int64_t shortest_ns = 0;      // median of the shortest time inside: what the transfer itself takes
  double surprise = 0;          // -log10 of the probability that chance, a half, made it late so often
  int64_t since = 0;            // end of the first collective it was late in
};

// Of all ranks with collectives that can be judged. Thresholds are the rule's business.
std::vector<LastArrival> FindLastArrivals(const store::Store& store);

}  // namespace rankle::localize
