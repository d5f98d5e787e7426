// Gives every rank the bytes that rank 0 made (the NCCL unique id) over TCP on MASTER_ADDR:MASTER_PORT.
//
// Contract: rank 0 serves until each of the other ranks has been answered; the others keep trying to connect,
// as they may start first. Both give up with a message after `limit`. No socket outlives the call.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_BOOTSTRAP_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_BOOTSTRAP_H_

#include <chrono>
#include <cstddef>
#include <span>

#include "absl/status/status.h"
#include "corpora/programs/common/rank_info.h"

namespace rankle::programs {

// On rank 0 `blob` is what to give; on the others it is filled in. All ranks pass the same size.
absl::Status ShareFromRankZero(const RankInfo& info, std::span<std::byte> blob,
                               std::chrono::milliseconds limit);

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_BOOTSTRAP_H_
