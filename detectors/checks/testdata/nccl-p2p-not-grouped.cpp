#include <nccl.h>

#define CHECK(call) \
  if ((call) != ncclSuccess) __builtin_trap()

void Ring(float* a, float* b, int next, int prev, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclSend(a, 1, ncclFloat, next, comm, stream));  // warns: nccl-p2p-not-grouped
  CHECK(ncclRecv(b, 1, ncclFloat, prev, comm, stream));
}
void GroupsOfTheirOwn(float* a, float* b, int peer, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclGroupStart());
  CHECK(ncclSend(a, 1, ncclFloat, peer, comm, stream));  // warns: nccl-p2p-not-grouped
  CHECK(ncclGroupEnd());
  CHECK(ncclGroupStart());
  CHECK(ncclRecv(b, 1, ncclFloat, peer, comm, stream));
  CHECK(ncclGroupEnd());
}
void SendTo(float* a, int peer, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclSend(a, 1, ncclFloat, peer, comm, stream));
}
void Wrapped(float* a, float* b, int peer, ncclComm_t comm, cudaStream_t stream) {
  SendTo(a, peer, comm, stream);  // warns: nccl-p2p-not-grouped
  CHECK(ncclRecv(b, 1, ncclFloat, peer, comm, stream));
}

void Grouped(float* a, float* b, int peer, int rounds, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < rounds; ++i) {
    CHECK(ncclGroupStart());
    SendTo(a, peer, comm, stream);
    CHECK(ncclRecv(b, 1, ncclFloat, peer, comm, stream));
    CHECK(ncclGroupEnd());
  }
}
void OneWay(float* a, int peer, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < 4; ++i) SendTo(a, peer, comm, stream);
}
void Pipeline(float* a, int stage, int stages, ncclComm_t comm, cudaStream_t stream) {
  if (stage > 0) CHECK(ncclRecv(a, 1, ncclFloat, stage - 1, comm, stream));
  if (stage + 1 < stages) CHECK(ncclSend(a, 1, ncclFloat, stage + 1, comm, stream));
}
void InTurns(float* a, float* b, int rank, int peer, ncclComm_t comm, cudaStream_t stream) {
  if (rank % 2 == 0) {
    CHECK(ncclSend(a, 1, ncclFloat, peer, comm, stream));
    CHECK(ncclRecv(b, 1, ncclFloat, peer, comm, stream));
    return;
  }
  CHECK(ncclRecv(b, 1, ncclFloat, peer, comm, stream));
  CHECK(ncclSend(a, 1, ncclFloat, peer, comm, stream));
}
template <class F>
void InGroup(F f) {
  CHECK(ncclGroupStart());
  f();
  CHECK(ncclGroupEnd());
}
void Callback(float* a, float* b, int peer, ncclComm_t comm, cudaStream_t stream) {
  InGroup([&] {
    CHECK(ncclSend(a, 1, ncclFloat, peer, comm, stream));
    CHECK(ncclRecv(b, 1, ncclFloat, peer, comm, stream));
  });
}
