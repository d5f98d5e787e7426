// Other numbers than the call says.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "check.h"

// case: floats_as_doubles
void ReduceFloats(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat64, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: halves_as_floats
void ReduceHalves(half* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: bfloats_as_halves
void ReduceBfloats(__nv_bfloat16* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclHalf, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: longs_as_ints
void ReduceIndices(int64_t* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclInt32, ncclMax, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: ints_as_floats
void ReduceCounts(int* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclReduce(data, data, n, ncclFloat, ncclSum, 0, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: doubles_sent_as_floats
void SendDoubles(const double* data, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclSend(data, n, ncclFloat, peer, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: receive_buffer_of_another_type
void GatherIntoDoubles(const float* mine, double* all, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(mine, all, n, ncclFloat, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: alias_of_a_type
using Weight = double;
void BroadcastWeights(Weight* weights, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBcast(weights, n, ncclFloat, 0, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: template_of_doubles
template <class T>
void ReduceAny(T* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}
template void ReduceAny<double>(double*, size_t, ncclComm_t, cudaStream_t);

// case: bytes_averaged
void AverageBytes(const float* all, float* mine, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclReduceScatter(all, mine, n * sizeof(float), ncclUint8, ncclAvg, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: member_of_a_class
class Gradients {
 public:
  void Reduce() { NCCL_CHECK(ncclAllReduce(data_, data_, size_, ncclFloat, ncclSum, comm_, stream_)); }  // warns: nccl-datatype-mismatch

 private:
  double* data_ = nullptr;
  size_t size_ = 0;
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
};

// case: constant_of_the_type
constexpr ncclDataType_t kType = ncclFloat16;
void ReduceByConstant(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, kType, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}
