// The element type of the buffer against the datatype of the call.
#include "check.h"

// case: doubles_as_floats
void ReduceDoubles(double* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: floats_summed_as_chars
void ReduceAsChars(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n * sizeof(float), ncclChar, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: floats_broadcast_as_chars
void BroadcastAsChars(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(data, data, n * sizeof(float), ncclChar, 0, comm, stream));
}

// case: untyped_memory
void ReduceUntyped(void* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}
