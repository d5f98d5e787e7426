// Written after the check: a trainer as a class.
#include <nccl.h>

class Trainer {
 public:
  bool Enqueue(float* data, size_t n) { return ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm_, stream_) == ncclSuccess; }
  bool Finish();

 private:
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
};

// case: class_that_waits
bool Trainer::Finish() {
  return cudaStreamSynchronize(stream_) == cudaSuccess;  // warns: nccl-wait-without-async-poll
}
