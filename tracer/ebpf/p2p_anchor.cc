#include "tracer/ebpf/p2p_anchor.h"

#include <algorithm>

namespace rankle::ebpf {

void P2pAnchor::Reached(uint64_t communicator, int32_t nranks, int32_t rank, uint64_t number) {
  if (place_) return;
  Told& told = told_[communicator];
  told.nranks = nranks;
  told.reached[rank] = std::max(told.reached[rank], number);
}

void P2pAnchor::Decide() {
  if (place_) return;
  for (const auto& [communicator, told] : told_) {
    if (static_cast<int32_t>(told.reached.size()) != told.nranks) continue;
    uint64_t furthest = 0;
    for (const auto& [rank, number] : told.reached) furthest = std::max(furthest, number);
    place_ = Place{communicator, furthest + 1};
    break;
  }
  if (place_) told_.clear();
}

}  // namespace rankle::ebpf
