// Written after the check: other shapes of the same truth.
#include "check.h"

struct Session {
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;
};

// case: fields_of_a_struct
void EndSession(Session& session, float* metrics) {
  NCCL_CHECK(ncclReduce(metrics, metrics, 8, ncclFloat, ncclSum, 0, session.comm, session.stream));
  NCCL_CHECK(ncclCommDestroy(session.comm));  // warns: nccl-destroy-in-flight
}

// case: fields_of_a_struct_waited_for
void EndSessionCleanly(Session& session, float* metrics) {
  NCCL_CHECK(ncclReduce(metrics, metrics, 8, ncclFloat, ncclSum, 0, session.comm, session.stream));
  WaitFor(session.comm, session.stream);
  NCCL_CHECK(ncclCommDestroy(session.comm));
  CUDA_CHECK(cudaStreamDestroy(session.stream));
}

// case: send_then_destroy
void SendAndLeave(const float* data, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclSend(data, n, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
}

// case: query_loop_without_async_error
void SpinAndClose(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  while (cudaStreamQuery(stream) == cudaErrorNotReady) {
  }
  NCCL_CHECK(ncclCommDestroy(comm));
}

// case: early_exit_without_the_wait
void CloseEarly(bool quick, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  if (quick) {
    NCCL_CHECK(ncclCommDestroy(comm));  // warns: nccl-destroy-in-flight
    return;
  }
  CUDA_CHECK(cudaStreamSynchronize(stream));
  NCCL_CHECK(ncclCommDestroy(comm));
}

// case: group_waited_for
void GroupWaitClose(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
  CUDA_CHECK(cudaStreamSynchronize(stream));
  NCCL_CHECK(ncclCommDestroy(comm));
}
