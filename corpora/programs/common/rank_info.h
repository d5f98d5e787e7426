// Who this process is in the job, from the variables every launcher sets.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_RANK_INFO_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_RANK_INFO_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace rankle::programs {

struct RankInfo {
  int rank = 0;
  int world_size = 1;
  int local_rank = 0;
  std::string master_address = "127.0.0.1";
  uint16_t master_port = 29500;
};

// Looks a variable up; nothing when it is not set. Injected so that parsing is pure.
using Environment = std::function<std::optional<std::string>(const char* name)>;

// RANK, WORLD_SIZE, LOCAL_RANK (default: RANK), MASTER_ADDR, MASTER_PORT. None set: a job of one rank.
absl::StatusOr<RankInfo> ParseRankInfo(const Environment& environment);
absl::StatusOr<RankInfo> RankInfoFromEnvironment();

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_RANK_INFO_H_
