// Who trains when: ranks that leave at a step, and the step at which all that left come back.
//
// Contract: pure, and the same on every rank, so that no messages are needed to agree.
#ifndef RANKLE_CORPORA_PROGRAMS_ELASTIC_MEMBERSHIP_H_
#define RANKLE_CORPORA_PROGRAMS_ELASTIC_MEMBERSHIP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::programs {

class Membership {
 public:
  // Leaves are "STEP:RANK": the rank has no part in that step and those after it. `join` is the step with
  // which everybody that has left before is back; 0: none. Rank 0 stays: it brings the others together. So
  // one step has leaves or the join, never both.
  static absl::StatusOr<Membership> Parse(const std::vector<std::string>& leaves, int64_t join);

  // The ranks of `world_size` that train `step`, in order.
  std::vector<int> Members(int64_t step, int world_size) const;
  // The highest rank that leaves; -1 if none does.
  int HighestRank() const;

 private:
  struct Leave {
    int64_t step;
    int rank;
  };
  std::vector<Leave> leaves_;
  int64_t join_ = 0;
};

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_ELASTIC_MEMBERSHIP_H_
