// Which operations of different ranks happen together: the members of a collective, a send and its receive,
// what a rank launched as one group. Pure; reads a finished Store.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/store/store.h"
#include "analyzer/whatif/rank_order.h"

namespace rankle::whatif {

// Numbers are those of `Chosen::operations`.
struct Units {
  std::vector<std::vector<uint32_t>> joined;         // each begins when all of them can
  std::vector<std::pair<uint32_t, uint32_t>> waits;  // the first begins when the second has ended
  std::vector<std::string> notes;
};

// The operations that are replayed, of all ranks.
struct Chosen {
  std::vector<TimedOperation> operations;
  std::vector<int32_t> of_row;  // by row of the store: number in `operations`, -1 = not chosen
};

Units FindUnits(const store::Store& store, const Chosen& chosen);

}  // namespace rankle::whatif
