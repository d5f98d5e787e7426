// Communication in functions that a loop calls.
#include <vector>

#include "check.h"

struct Gpu {
  int device = 0;
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;
  void Reduce(float* data, size_t n) const { NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream)); }
};
class Layer {
 public:
  void Reduce() { NCCL_CHECK(ncclAllReduce(data_, data_, n_, ncclFloat, ncclSum, comm_, stream_)); }

 private:
  float* data_ = nullptr;
  size_t n_ = 0;
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
};
void ReduceOn(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}
void ReduceGpu(const Gpu& gpu, float* data, size_t n) {
  ReduceOn(data, n, gpu.comm, gpu.stream);
}

// case: function_of_each_communicator
void Each(float** data, size_t n, int devices, ncclComm_t* comms, cudaStream_t* streams) {
  for (int i = 0; i < devices; i++) {
    ReduceOn(data[i], n, comms[i], streams[i]);  // warns: nccl-multi-device-not-grouped
  }
}

// case: function_of_each_struct
void EachStruct(std::vector<Gpu>& gpus, float** data, size_t n) {
  for (size_t i = 0; i < gpus.size(); i++) {
    CUDA_CHECK(cudaSetDevice(gpus[i].device));
    ReduceGpu(gpus[i], data[i], n);  // warns: nccl-multi-device-not-grouped
  }
}

// case: layers_share_a_communicator
void EachLayer(std::vector<Layer>& layers) {
  for (Layer& layer : layers) layer.Reduce();
}

// case: one_communicator_for_all
void Buckets(float** data, size_t n, int buckets, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < buckets; i++) ReduceOn(data[i], n, comm, stream);
}

// case: methods_in_a_group
void EachGrouped(const std::vector<Gpu>& gpus, float** data, size_t n) {
  NCCL_CHECK(ncclGroupStart());
  for (const Gpu& gpu : gpus) gpu.Reduce(data[gpu.device], n);
  NCCL_CHECK(ncclGroupEnd());
}
