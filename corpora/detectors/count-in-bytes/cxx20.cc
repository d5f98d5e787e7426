// Spans know both sizes.
// needs: c++20
#include <concepts>
#include <span>

#include "check.h"

// case: size_bytes_of_a_span
void ReduceSpan(std::span<float> data, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data.data(), data.data(), data.size_bytes(), ncclFloat, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
}

// case: size_of_a_span
void ReduceSpanElements(std::span<float> data, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data.data(), data.data(), data.size(), ncclFloat, ncclSum, comm, stream));
}

// case: size_bytes_as_bytes
void BroadcastSpan(std::span<double> data, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(data.data(), data.data(), data.size_bytes(), ncclUint8, 0, comm, stream));
}

// case: abbreviated_template
void ReduceAny(std::floating_point auto* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n * sizeof(*data), ncclFloat, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
}
void ReduceFloats(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  ReduceAny(data, n, comm, stream);
}
