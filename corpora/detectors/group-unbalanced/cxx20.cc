// Groups in C++20 code.
// needs: c++20
#include <concepts>
#include <span>

#include "check.h"

struct Bucket {
  float* data;
  size_t n;
};

// case: range_for_with_initialiser
bool ReduceSpan(std::span<const Bucket> buckets, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  for (size_t seen = 0; const Bucket& bucket : buckets) {
    if (++seen > 16) return false;
    NCCL_CHECK(ncclAllReduce(bucket.data, bucket.data, bucket.n, ncclFloat, ncclSum, comm, stream));
  }
  NCCL_CHECK(ncclGroupEnd());
  return true;
}

// case: unlikely_return
bool ReduceUnlessEmpty(std::span<const Bucket> buckets, ncclComm_t comm, cudaStream_t stream) {
  if (buckets.empty()) [[unlikely]]
    return false;
  NCCL_CHECK(ncclGroupStart());
  for (const auto& [data, n] : buckets) NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
  return true;
}

// case: constrained_callback
template <std::invocable F>
void InGroup(F&& f) {
  NCCL_CHECK(ncclGroupStart());
  f();
  NCCL_CHECK(ncclGroupEnd());
}
void ReduceBoth(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  InGroup([=] {
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  });
}
