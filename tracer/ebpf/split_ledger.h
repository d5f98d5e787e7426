// Who gets which rank in the communicators of a split: a rank of the parent tells colour and key, and NCCL
// orders those of a colour by key, then by their rank in the parent. Known as soon as all ranks of the parent
// have been seen to call, which is before any of them returns; where some are on other hosts it stays unknown
// here. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace rankle::ebpf {

struct Place {
  int32_t rank = -1, nranks = -1;
};

class SplitLedger {
 public:
  // `number`: which split of the parent it is. A rank without colour takes part too.
  void Note(uint64_t parent, uint64_t number, int32_t parent_rank, int32_t color, int32_t key);
  // nullopt until all `parent_size` ranks have been noted, and for a rank that was not.
  std::optional<Place> Find(uint64_t parent, uint64_t number, int32_t parent_rank, int32_t parent_size) const;

 private:
  struct Choice {
    int32_t color, key;
  };
  std::map<std::pair<uint64_t, uint64_t>, std::map<int32_t, Choice>> splits_;  // by parent's rank
};

}  // namespace rankle::ebpf
