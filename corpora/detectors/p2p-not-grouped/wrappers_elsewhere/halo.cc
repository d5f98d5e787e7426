// Exchanges through wrappers of another file.
#include "check.h"

void SendTo(const float* out, size_t n, int peer, ncclComm_t comm, cudaStream_t stream);
void RecvFrom(float* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream);

// case: foreign_wrappers_ungrouped
void Halo(const float* out, float* in, size_t n, int up, int down, ncclComm_t comm, cudaStream_t stream) {
  SendTo(out, n, up, comm, stream);  // warns-across: nccl-p2p-not-grouped
  RecvFrom(in, n, down, comm, stream);
}

// case: foreign_wrappers_grouped
void GroupedHalo(const float* out, float* in, size_t n, int up, int down, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  SendTo(out, n, up, comm, stream);
  RecvFrom(in, n, down, comm, stream);
  NCCL_CHECK(ncclGroupEnd());
}
