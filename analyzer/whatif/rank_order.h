// What the operations of one rank waited for, as far as their times tell. Pure.
//
// Operations of one stream run one after the other. Of two streams, an operation may wait for one that ended
// before it began; it does not where ranks of the same role ever began the later one while the earlier one
// was still running.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_set.h"

namespace rankle::whatif {

// One operation of a rank. Times in ns, on any axis.
struct TimedOperation {
  uint32_t row = 0;  // of the store
  int64_t step = -1;
  int64_t arrival = 0;  // when the rank was ready for it
  int64_t end = 0;
  uint32_t stream = 0;
  uint16_t group = 0;  // 0 = launched by itself
  bool p2p = false;
  uint32_t position = 0;  // the same for the like: role, function, how manieth of its step
};

class RankOrder {
 public:
  // Operations of one rank, ordered by arrival. To be called for all ranks before Waits.
  void Learn(const std::vector<TimedOperation>& operations);
  // For each operation (ordered as above) those that it waits for, at most one of each stream.
  std::vector<std::vector<uint32_t>> Waits(const std::vector<TimedOperation>& operations) const;

 private:
  bool Independent(const TimedOperation& earlier, const TimedOperation& later) const;
  absl::flat_hash_set<uint64_t> independent_;  // positions: earlier << 32 | later
};

}  // namespace rankle::whatif
