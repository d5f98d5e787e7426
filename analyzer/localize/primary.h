// What counts a job's iterations when its program marks none: the collectives of each rank's largest
// communicator, and how many of them make one iteration. Pure; reads a finished Store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::localize {

// A communicator used less often than this couples nobody (it was made for the start, or for checkpoints).
inline constexpr size_t kRegularUse = 8;

// By rank: its place in the largest communicator in regular use, nullptr = it has none.
std::vector<const store::Member*> PrimaryMembers(const store::Store& store);

// How many collectives of this member make one iteration; 0 = they do not repeat themselves.
size_t CollectivePeriod(const store::Store& store, const store::Member& member);

// Two words as one, well mixed: for signatures of operations.
uint64_t Mix(uint64_t a, uint64_t b);

}  // namespace rankle::localize
