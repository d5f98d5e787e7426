#include <nccl.h>

#include <thread>

#define CHECK(call) \
  if ((call) != 0) __builtin_trap()
#define REDUCE(a, comm, stream) CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream))

struct Parallel {
  ncclComm_t tensor, data;
  cudaStream_t tensor_stream, data_stream;
};
void Unordered(const Parallel& p, float* a, float* b) {
  REDUCE(a, p.tensor, p.tensor_stream);
  REDUCE(b, p.data, p.data_stream);  // warns: nccl-concurrent-communicators
}

void InTwoThreads(float* a, float* b, ncclComm_t one, ncclComm_t two, cudaStream_t s1, cudaStream_t s2) {
  std::thread first([=] { REDUCE(a, one, s1); });
  std::thread second([=] { REDUCE(b, two, s2); });  // warns: nccl-concurrent-communicators
  first.join();
  second.join();
}

void Ordered(const Parallel& p, float* a, float* b, cudaEvent_t done) {
  REDUCE(a, p.tensor, p.tensor_stream);
  CHECK(cudaEventRecord(done, p.tensor_stream));
  CHECK(cudaStreamWaitEvent(p.data_stream, done));
  REDUCE(b, p.data, p.data_stream);
}

void OneStreamOrOneGroup(const Parallel& p, float* a, float* b) {
  REDUCE(a, p.tensor, p.data_stream);
  REDUCE(b, p.data, p.data_stream);
  CHECK(cudaStreamSynchronize(p.data_stream));
  CHECK(ncclGroupStart());
  REDUCE(a, p.tensor, p.tensor_stream);
  REDUCE(b, p.data, p.data_stream);
  CHECK(ncclGroupEnd());
}

void OtherDevices(const Parallel& p, float* a, float* b, int device) {
  REDUCE(a, p.tensor, p.tensor_stream);
  CHECK(cudaSetDevice(device));
  REDUCE(b, p.data, p.data_stream);
}

void EachAfterTheOther(const Parallel& p, float* a, float* b, int steps) {
  for (int i = 0; i < steps; ++i) {
    REDUCE(a, p.tensor, p.tensor_stream);
    REDUCE(b, p.data, p.data_stream);  // warns: nccl-concurrent-communicators
  }
}
