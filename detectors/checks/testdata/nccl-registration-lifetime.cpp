#include <nccl.h>

#define CHECK(call) \
  if ((call) != 0) __builtin_trap()

void FreedFirst(size_t bytes, ncclComm_t comm) {
  void *block, *handle;
  CHECK(ncclMemAlloc(&block, bytes));
  CHECK(ncclCommRegister(comm, block, bytes, &handle));
  CHECK(ncclMemFree(block));  // warns: nccl-registration-lifetime
  CHECK(ncclCommDeregister(comm, handle));
}

void LeftBehind(void* block, size_t bytes, ncclComm_t comm, bool skip) {
  void* handle;
  CHECK(ncclCommRegister(comm, block, bytes, &handle));  // warns: nccl-registration-lifetime
  if (skip) return;
  CHECK(ncclCommDeregister(comm, handle));
}

void HalfOnly(size_t n, ncclComm_t comm, cudaStream_t stream) {
  float *in, *out;
  void* handle;
  CHECK(cudaMalloc(&in, n));
  CHECK(cudaMalloc(&out, n));
  CHECK(ncclCommRegister(comm, in, n, &handle));
  CHECK(ncclAllReduce(in, out, n / 4, ncclFloat, ncclSum, comm, stream));  // warns: nccl-registration-lifetime
  CHECK(cudaStreamSynchronize(stream));
  CHECK(ncclCommDeregister(comm, handle));
}

void InOrder(size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* block;
  void* handle;
  CHECK(cudaMalloc(&block, 2 * n));
  CHECK(ncclCommRegister(comm, block, 2 * n, &handle));
  CHECK(ncclAllReduce(block, block + n / 4, n / 4, ncclFloat, ncclSum, comm, stream));
  CHECK(cudaStreamSynchronize(stream));
  CHECK(ncclCommDeregister(comm, handle));
  CHECK(cudaFree(block));
}

struct Kept {
  void* handle;
};
void Keep(void* handle);
void KeptElsewhere(Kept& kept, void* block, size_t bytes, ncclComm_t comm) {
  void* handle;
  CHECK(ncclCommRegister(comm, block, bytes, &kept.handle));
  CHECK(ncclCommRegister(comm, block, bytes, &handle));
  Keep(handle);
}

// Whether this communicator knows the other's registration is not said.
void OfAnotherCommunicator(size_t n, ncclComm_t one, ncclComm_t other, cudaStream_t stream, void** handle) {
  float *in, *out;
  CHECK(cudaMalloc(&in, n));
  CHECK(cudaMalloc(&out, n));
  CHECK(ncclCommRegister(one, in, n, handle));
  CHECK(ncclAllReduce(in, out, n / 4, ncclFloat, ncclSum, other, stream));
}

void FreedInOrder(ncclComm_t comm, cudaStream_t stream) {
  void *data = nullptr, *handle = nullptr;
  CHECK(cudaMallocAsync(&data, 4, stream));
  CHECK(ncclCommRegister(comm, data, 4, &handle));
  CHECK(cudaFreeAsync(data, stream));  // warns: nccl-registration-lifetime
  CHECK(ncclCommDeregister(comm, handle));
}
