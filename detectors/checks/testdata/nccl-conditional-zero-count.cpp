#include <nccl.h>

#define CHECK(call) \
  if ((call) != ncclSuccess) __builtin_trap()

void OneSide(float* a, const size_t* send, const size_t* recv, int peer, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclGroupStart());
  if (send[peer] != 0) CHECK(ncclSend(a, send[peer], ncclFloat, peer, comm, stream));  // warns: nccl-conditional-zero-count
  CHECK(ncclRecv(a, recv[peer], ncclFloat, peer, comm, stream));
  CHECK(ncclGroupEnd());
}

void SkippedInALoop(float* a, const size_t* send, const size_t* recv, int ranks, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclGroupStart());
  for (int r = 0; r < ranks; ++r) CHECK(ncclSend(a, send[r], ncclFloat, r, comm, stream));
  for (int r = 0; r < ranks; ++r) {
    if (recv[r] == 0) continue;
    CHECK(ncclRecv(a, recv[r], ncclFloat, r, comm, stream));  // warns: nccl-conditional-zero-count
  }
  CHECK(ncclGroupEnd());
}

void BothSides(float* a, size_t send, size_t recv, int peer, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclGroupStart());
  if (send > 0) CHECK(ncclSend(a, send, ncclFloat, peer, comm, stream));
  if (recv > 0) CHECK(ncclRecv(a, recv, ncclFloat, peer, comm, stream));
  CHECK(ncclGroupEnd());
}

void OtherConditions(float* a, size_t n, int peer, int ranks, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclGroupStart());
  if (peer > 0) CHECK(ncclSend(a, n, ncclFloat, peer - 1, comm, stream));
  if (peer + 1 < ranks) CHECK(ncclRecv(a, n, ncclFloat, peer + 1, comm, stream));
  CHECK(ncclGroupEnd());
}

void WithinAnExpression(const float* out, float* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclGroupStart());
  CHECK(n == 0 ? ncclSuccess : ncclSend(out, n, ncclFloat, peer, comm, stream));  // warns: nccl-conditional-zero-count
  CHECK(ncclRecv(in, 1, ncclFloat, peer, comm, stream));
  CHECK(ncclGroupEnd());
}
