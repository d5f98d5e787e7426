// The size in bytes reaches the call through variables, macros, functions and templates.
#include "check.h"

// case: const_variable
void ReduceByVariable(float* grads, size_t n, ncclComm_t comm, cudaStream_t stream) {
  const size_t bytes = n * sizeof(float);
  NCCL_CHECK(ncclAllReduce(grads, grads, bytes, ncclFloat, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
}

// case: constexpr_constant
constexpr size_t kHeaderBytes = 64 * sizeof(int);
void BroadcastHeader(int* header, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(header, header, kHeaderBytes, ncclInt, 0, comm, stream));  // warns: nccl-count-in-bytes
}

#define BYTES_OF(n, type) ((n) * sizeof(type))

// case: size_from_a_macro
void GatherByMacro(const double* mine, double* all, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(mine, all, BYTES_OF(n, double), ncclDouble, comm, stream));  // warns: nccl-count-in-bytes
}

// case: size_from_a_function
inline size_t ByteSize(size_t n) {
  return n * sizeof(float);
}
void ReduceByFunction(float* grads, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(grads, grads, ByteSize(n), ncclFloat, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
}

// case: size_of_an_array
void ReduceStats(ncclComm_t comm, cudaStream_t stream, void* device) {
  float stats[16];
  NCCL_CHECK(ncclAllReduce(device, device, sizeof(stats), ncclFloat, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
}

// case: one_buffer_one_expression_statement
void ReduceScalar(double* x, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclReduce(x, x, sizeof *x, ncclDouble, ncclSum, 0, comm, stream));  // warns: nccl-count-in-bytes
}

// case: template_with_a_fixed_type
template <class T>
void ReduceVector(T* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n * sizeof(T), ncclFloat, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
}
template void ReduceVector<float>(float*, size_t, ncclComm_t, cudaStream_t);

// case: lambda
void ReduceInLambda(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  auto reduce = [&](float* buffer, size_t count) {
    NCCL_CHECK(ncclAllReduce(buffer, buffer, count * sizeof(float), ncclFloat, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
  };
  reduce(data, n);
}

// case: scatter_recv_count
void ScatterInBytes(const float* in, float* out, size_t n, ncclComm_t comm, cudaStream_t stream) {
  size_t chunk = n * sizeof(float);
  NCCL_CHECK(ncclReduceScatter(in, out, chunk, ncclFloat, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
}

// case: recv_in_a_group
void ExchangeInBytes(const int* out, int* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclSend(out, n, ncclInt, peer, comm, stream));
  NCCL_CHECK(ncclRecv(in, n * sizeof(int), ncclInt, peer, comm, stream));  // warns: nccl-count-in-bytes
  NCCL_CHECK(ncclGroupEnd());
}
