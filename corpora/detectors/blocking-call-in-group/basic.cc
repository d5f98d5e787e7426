// Inside a group nothing is launched yet: what waits there waits for nothing, or for ever.
#include "check.h"

// case: synchronise_in_group
void ReduceAndWait(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamSynchronize(stream));  // warns: nccl-blocking-call-in-group
  NCCL_CHECK(ncclGroupEnd());
}

// case: synchronise_after_end
void ReduceThenWait(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
  CUDA_CHECK(cudaStreamSynchronize(stream));
}

// case: set_device_in_group
void ReduceOnAll(float** data, size_t n, int devices, ncclComm_t* comms, cudaStream_t* streams) {
  NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < devices; i++) {
    CUDA_CHECK(cudaSetDevice(i));
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comms[i], streams[i]));
  }
  NCCL_CHECK(ncclGroupEnd());
}
