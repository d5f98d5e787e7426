// Counts are elements: a size in bytes where the type is wider than a byte reads and writes past the buffers.
#include "check.h"

// case: one_scalar_by_sizeof
void ReduceLoss(float* loss, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(loss, loss, sizeof(float), ncclFloat, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
}

// case: elements_times_sizeof
void ReduceGradients(float* grads, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(grads, grads, n * sizeof(float), ncclFloat, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
}

// case: send_takes_elements_too
void SendActivations(const double* act, size_t n, int next, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclSend(act, n * sizeof(double), ncclDouble, next, comm, stream));  // warns: nccl-count-in-bytes
}

// case: bytes_as_ncclchar
void BroadcastBlob(void* blob, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(blob, blob, n * sizeof(double), ncclChar, 0, comm, stream));
}

// case: bytes_divided_by_sizeof
void ReduceBytes(float* data, size_t bytes, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, bytes / sizeof(float), ncclFloat, ncclSum, comm, stream));
}
