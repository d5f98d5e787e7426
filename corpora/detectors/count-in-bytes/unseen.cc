// Written after the check: other shapes of the same truth.
#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <vector>

#include "check.h"

struct Bucket {
  float* data;
  size_t numel;
  size_t nbytes() const { return numel * sizeof(float); }
};

// case: member_function_of_bytes
void ReduceBucket(const Bucket& bucket, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(bucket.data, bucket.data, bucket.nbytes(), ncclFloat, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
}

// case: sum_of_sizes
void BroadcastTwoScalars(double* pair, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(pair, pair, sizeof(double) + sizeof(double), ncclDouble, 0, comm, stream));  // warns: nccl-count-in-bytes
}

// case: shared_size_variable
void AllocateAndReduce(size_t n, ncclComm_t comm, cudaStream_t stream) {
  const auto size = sizeof(int) * n;
  int* data = nullptr;
  CUDA_CHECK(cudaMalloc(&data, size));
  NCCL_CHECK(ncclAllReduce(data, data, size, ncclInt, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
  WaitFor(comm, stream);
  CUDA_CHECK(cudaFree(data));
}

#define REDUCE(buffer, n) NCCL_CHECK(ncclAllReduce(buffer, buffer, (n) * sizeof(*(buffer)), ncclFloat, ncclSum, comm, stream))

// case: call_in_a_macro_body
void ReduceByMacro(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  REDUCE(data, n);  // warns: nccl-count-in-bytes
}

// case: number_of_bytes_as_number_of_bytes
void GatherBlobs(const void* mine, void* all, const std::vector<uint8_t>& blob, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(mine, all, blob.size() * sizeof(blob[0]), ncclUint8, comm, stream));
}

// case: bits_to_elements
void ReduceMask(uint32_t* words, size_t bits, ncclComm_t comm, cudaStream_t stream) {
  const size_t n = (bits + 8 * sizeof(uint32_t) - 1) / (8 * sizeof(uint32_t));
  NCCL_CHECK(ncclAllReduce(words, words, n, ncclUint32, ncclSum, comm, stream));
}

// case: largest_that_fits
void ReduceWindow(float* data, size_t n, size_t budget_bytes, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, std::min(n, budget_bytes / sizeof(float)), ncclFloat, ncclSum, comm, stream));
}

// case: size_of_an_array_object
void ReduceArray(float* device, ncclComm_t comm, cudaStream_t stream) {
  std::array<float, 8> host{};
  NCCL_CHECK(ncclAllReduce(device, device, host.size(), ncclFloat, ncclSum, comm, stream));
}
