#include <nccl.h>

#include <thread>

[[noreturn]] void Die();
#define CHECK(call) \
  if ((call) != 0) Die()

void Flush(cudaStream_t stream) { CHECK(cudaStreamSynchronize(stream)); }

void Waits(float* a, bool debug, ncclComm_t comm, cudaStream_t stream, std::thread& loader) {
  CHECK(ncclGroupStart());
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(cudaStreamSynchronize(stream));       // warns: nccl-blocking-call-in-group
  if (debug) CHECK(cudaDeviceSynchronize());  // warns: nccl-blocking-call-in-group
  Flush(stream);                              // warns: nccl-blocking-call-in-group
  loader.join();                              // warns: nccl-blocking-call-in-group
  CHECK(ncclGroupEnd());
}
class Group {
 public:
  Group() { CHECK(ncclGroupStart()); }
  ~Group() { CHECK(ncclGroupEnd()); }
};
void WaitsInScope(float** memory) {
  {
    Group group;
    CHECK(cudaMalloc(memory, 4));  // warns: nccl-blocking-call-in-group
  }
  CHECK(cudaFree(*memory));
}

void DoesNotWait(float* a, int device, ncclComm_t comm, cudaStream_t stream, cudaEvent_t event) {
  CHECK(cudaStreamSynchronize(stream));
  CHECK(ncclGroupStart());
  CHECK(cudaSetDevice(device));
  CHECK(cudaEventRecord(event, stream));
  CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream));
  auto later = [&] { CHECK(cudaStreamSynchronize(stream)); };
  CHECK(ncclGroupEnd());
  later();
  Flush(stream);
}
