#include "corpora/programs/elastic/membership.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace rankle::programs {

absl::StatusOr<Membership> Membership::Parse(const std::vector<std::string>& leaves, int64_t join) {
  Membership out;
  out.join_ = join;
  for (const std::string& text : leaves) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(text, absl::MaxSplits(':', 1));
    Leave leave{};
    if (!absl::SimpleAtoi(parts.first, &leave.step) || !absl::SimpleAtoi(parts.second, &leave.rank) ||
        leave.step < 1 || leave.rank < 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", text, "': write STEP:RANK, e.g. 40:3; steps count from 1, and rank 0 cannot leave"));
    }
    if (leave.step == join) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", text, "': everybody is back with step ", join, "; leave before or after it"));
    }
    out.leaves_.push_back(leave);
  }
  return out;
}

std::vector<int> Membership::Members(int64_t step, int world_size) const {
  std::vector<int> members;
  for (int rank = 0; rank < world_size; ++rank) {
    const bool away = std::any_of(leaves_.begin(), leaves_.end(), [&](const Leave& leave) {
      const bool came_back = leave.step < join_ && step >= join_;
      return leave.rank == rank && leave.step <= step && !came_back;
    });
    if (!away) members.push_back(rank);
  }
  return members;
}

int Membership::HighestRank() const {
  int highest = -1;
  for (const Leave& leave : leaves_) highest = std::max(highest, leave.rank);
  return highest;
}

}  // namespace rankle::programs
