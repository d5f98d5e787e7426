// Written after the check: other shapes of the same truth.
#include <cstdint>
#include <memory>
#include <vector>

#include "check.h"

struct Stats {
  double mean;
  double variance;
};
struct Point {
  float x, y, z;
};

// case: struct_of_doubles_as_floats
void ReduceStats(Stats* stats, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(stats, stats, 2, ncclFloat, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: address_of_a_member
void ReduceMean(Stats* stats, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(&stats->mean, &stats->mean, 1, ncclFloat, ncclAvg, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: data_of_a_vector
void BroadcastIds(std::vector<int64_t>& ids, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(ids.data(), ids.data(), ids.size(), ncclInt32, 0, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: cast_to_the_wrong_type
void ReduceCast(void* raw, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(static_cast<double*>(raw), static_cast<double*>(raw), n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: struct_of_floats_as_floats
void BroadcastPoints(Point* points, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(points, points, 3 * n, ncclFloat, 0, comm, stream));
}

// case: smart_pointer
void ReduceOwned(const std::unique_ptr<float[]>& data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data.get(), data.get(), n, ncclFloat, ncclSum, comm, stream));
}

// case: const_and_volatile
void ReduceConst(const float* const in, float* out, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(in, out, n, ncclFloat32, ncclSum, comm, stream));
}

// case: cast_to_void
void ReduceThroughVoid(double* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce((const void*)data, (void*)data, n, ncclDouble, ncclSum, comm, stream));
}

// case: unsigned_for_signed
void ReduceUnsigned(unsigned* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclInt, ncclSum, comm, stream));
}
