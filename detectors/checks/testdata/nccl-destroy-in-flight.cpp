#include <nccl.h>

#define CHECK(call) \
  if ((call) != 0) __builtin_trap()

void Enqueued(float* a, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
}

// Each of the two is destroyed too early.
void StreamFirst(float* a, ncclComm_t comm) {
  cudaStream_t stream;
  CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(cudaStreamDestroy(stream));  // warns: nccl-destroy-in-flight
  CHECK(ncclCommDestroy(comm));      // warns: nccl-destroy-in-flight
}

void WaitedForOnOnePathOnly(float* a, bool last, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  if (last) CHECK(cudaStreamSynchronize(stream));
  CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
}

void WaitedForAnotherStream(float* a, ncclComm_t comm, cudaStream_t stream, cudaStream_t other) {
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(cudaStreamSynchronize(other));
  CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
}

void WaitForAll(cudaStream_t* streams, int n) {
  for (int i = 0; i < n; ++i) CHECK(cudaStreamSynchronize(streams[i]));
}
void Waited(float* a, ncclComm_t* comms, cudaStream_t* streams, int n) {
  CHECK(ncclGroupStart());
  for (int i = 0; i < n; ++i) CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comms[i], streams[i]));
  CHECK(ncclGroupEnd());
  WaitForAll(streams, n);
  for (int i = 0; i < n; ++i) CHECK(cudaStreamDestroy(streams[i]));
  for (int i = 0; i < n; ++i) CHECK(ncclCommDestroy(comms[i]));
}

void Polled(float* a, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  while (cudaStreamQuery(stream) == cudaErrorNotReady) {
  }
  CHECK(ncclCommDestroy(comm));
}

// Also what the function of another file does with the stream may be a wait.
void Sync(cudaStream_t stream);
void WaitedElsewhere(float* a, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  Sync(stream);
  CHECK(ncclCommDestroy(comm));
}

bool AfterAnError(float* a, ncclComm_t comm, cudaStream_t stream) {
  if (ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream) != ncclSuccess) {
    CHECK(ncclCommDestroy(comm));
    return false;
  }
  CHECK(ncclCommFinalize(comm));
  CHECK(ncclCommDestroy(comm));
  return true;
}
