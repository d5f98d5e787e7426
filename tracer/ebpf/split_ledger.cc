#include "tracer/ebpf/split_ledger.h"

#include <tuple>

namespace rankle::ebpf {

void SplitLedger::Note(uint64_t parent, uint64_t number, int32_t parent_rank, int32_t color, int32_t key) {
  splits_[{parent, number}][parent_rank] = {color, key};
}

std::optional<Place> SplitLedger::Find(uint64_t parent, uint64_t number, int32_t parent_rank,
                                       int32_t parent_size) const {
  const auto split = splits_.find({parent, number});
  if (split == splits_.end() || split->second.size() != static_cast<size_t>(parent_size)) return std::nullopt;
  const auto own = split->second.find(parent_rank);
  if (own == split->second.end()) return std::nullopt;
  Place place{0, 0};
  for (const auto& [rank, choice] : split->second) {
    if (choice.color != own->second.color) continue;
    ++place.nranks;
    place.rank += std::tie(choice.key, rank) < std::tie(own->second.key, parent_rank);
  }
  return place;
}

}  // namespace rankle::ebpf
