#include <mpi.h>
#include <nccl.h>

#include <cstring>
#include <utility>

#define CHECK(call) \
  if ((call) != 0) __builtin_trap()

void Freed(float* a, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(cudaFree(a));  // warns: nccl-buffer-reuse-before-sync
}

float ReadByTheHost(const float* in, ncclComm_t comm, cudaStream_t stream) {
  float* out;
  CHECK(cudaMallocManaged(&out, sizeof(float)));
  CHECK(ncclAllReduce(in, out, 1, ncclFloat, ncclSum, comm, stream));
  return out[0];  // warns: nccl-buffer-reuse-before-sync
}

void HandedToMpi(float* a, int peer, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclRecv(a, 1, ncclFloat, peer, comm, stream));
  CHECK(MPI_Send(a, 1, MPI_FLOAT, 0, 0, MPI_COMM_WORLD));  // warns: nccl-buffer-reuse-before-sync
}

void OnAnotherStream(float* a, float* b, ncclComm_t comm, cudaStream_t stream, cudaStream_t copies, cudaEvent_t done) {
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(cudaEventRecord(done, copies));
  CHECK(cudaStreamWaitEvent(copies, done));
  CHECK(cudaMemcpyAsync(b, a, 4, cudaMemcpyDeviceToDevice, copies));  // warns: nccl-buffer-reuse-before-sync
}

class Block {
 public:
  explicit Block(size_t bytes) { CHECK(cudaMalloc(&data_, bytes)); }
  ~Block() { CHECK(cudaFree(data_)); }
  float* get() { return data_; }

 private:
  float* data_ = nullptr;
};
void OwnerFreesAtTheEnd(const float* in, ncclComm_t comm, cudaStream_t stream) {
  Block out(4);  // warns: nccl-buffer-reuse-before-sync
  CHECK(ncclAllReduce(in, out.get(), 1, ncclFloat, ncclSum, comm, stream));
}

void InOrder(float* a, float* b, ncclComm_t comm, cudaStream_t stream, cudaStream_t copies, cudaEvent_t done) {
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(cudaMemcpyAsync(b, a, 4, cudaMemcpyDeviceToDevice, stream));
  CHECK(cudaEventRecord(done, stream));
  CHECK(cudaStreamWaitEvent(copies, done));
  CHECK(cudaMemcpyAsync(b, a, 4, cudaMemcpyDeviceToDevice, copies));
  CHECK(cudaFreeAsync(a, stream));
}

float Waited(const float* in, float* host, ncclComm_t comm, cudaStream_t stream) {
  Block out(4);
  CHECK(ncclAllReduce(in, out.get(), 1, ncclFloat, ncclSum, comm, stream));
  CHECK(cudaMemcpyAsync(host, out.get(), 4, cudaMemcpyDeviceToHost, stream));
  CHECK(cudaStreamSynchronize(stream));
  return *host;
}

void OtherPart(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllReduce(a + n, a + n, n, ncclFloat, ncclSum, comm, stream));
  std::memset(a, 0, 4 * n);
}

struct Owner {
  Owner() { CHECK(cudaMalloc(&data, sizeof(float))); }
  Owner(Owner&& other) : data(other.data) { other.data = nullptr; }
  ~Owner() { CHECK(cudaFree(data)); }
  float* data = nullptr;
};
void Keep(Owner owner);
Owner HandedOn(const float* in, bool kept, ncclComm_t comm, cudaStream_t stream) {
  Owner out;
  CHECK(ncclAllReduce(in, out.data, 1, ncclFloat, ncclSum, comm, stream));
  if (!kept) return out;
  Keep(std::move(out));
  return Owner();
}
void NotHandedOn(const float* in, ncclComm_t comm, cudaStream_t stream) {
  Owner out;  // warns: nccl-buffer-reuse-before-sync
  CHECK(ncclAllReduce(in, out.data, 1, ncclFloat, ncclSum, comm, stream));
}
