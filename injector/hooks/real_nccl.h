// The NCCL functions that the hooks call themselves. Always the real ones.
#pragma once

#include <nccl.h>

namespace rankle::hooks {

struct RealNccl {
  ncclResult_t (*user_rank)(ncclComm_t, int*) = nullptr;
  ncclResult_t (*count)(ncclComm_t, int*) = nullptr;
  ncclResult_t (*device)(ncclComm_t, int*) = nullptr;
};
const RealNccl& Nccl();
void SetRealNcclForTest(const RealNccl& nccl);

}  // namespace rankle::hooks
