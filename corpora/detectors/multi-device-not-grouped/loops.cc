// Shapes of the loop over devices.
#include <algorithm>
#include <vector>

#include "check.h"

struct Device {
  int index;
  float* data;
  ncclComm_t comm;
  cudaStream_t stream;
};

// case: range_for_over_structs
void ReduceRange(const std::vector<Device>& devices, size_t n) {
  for (const Device& device : devices) {
    CUDA_CHECK(cudaSetDevice(device.index));
    NCCL_CHECK(ncclAllReduce(device.data, device.data, n, ncclFloat, ncclSum, device.comm, device.stream));  // warns: nccl-multi-device-not-grouped
  }
}

// case: while_loop
void ReduceWhile(float** data, size_t n, int devices, ncclComm_t* comms, cudaStream_t* streams) {
  int i = 0;
  while (i < devices) {
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comms[i], streams[i]));  // warns: nccl-multi-device-not-grouped
    i++;
  }
}

// case: vectors_with_at
void BroadcastAt(const std::vector<float*>& data, size_t n, const std::vector<ncclComm_t>& comms, const std::vector<cudaStream_t>& streams) {
  for (size_t i = 0; i < comms.size(); ++i) {
    NCCL_CHECK(ncclBroadcast(data.at(i), data.at(i), n, ncclFloat, 0, comms.at(i), streams.at(i)));  // warns: nccl-multi-device-not-grouped
  }
}

// case: algorithm_with_a_lambda
void ReduceForEach(std::vector<Device>& devices, size_t n) {
  std::for_each(devices.begin(), devices.end(), [n](Device& device) {
    NCCL_CHECK(ncclAllReduce(device.data, device.data, n, ncclFloat, ncclSum, device.comm, device.stream));  // warns: nccl-multi-device-not-grouped
  });
}

// case: pointer_arithmetic
void ReducePointer(float** data, size_t n, int devices, ncclComm_t* comms, cudaStream_t* streams) {
  for (int i = 0; i < devices; i++) {
    NCCL_CHECK(ncclReduceScatter(data[i], data[i] + i * n, n, ncclFloat, ncclSum, *(comms + i), *(streams + i)));  // warns: nccl-multi-device-not-grouped
  }
}

// case: group_inside_the_loop
void GroupPerDevice(float** data, size_t n, int devices, ncclComm_t* comms, cudaStream_t* streams) {
  for (int i = 0; i < devices; i++) {
    NCCL_CHECK(ncclGroupStart());
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comms[i], streams[i]));  // warns: nccl-multi-device-not-grouped
    NCCL_CHECK(ncclGroupEnd());
  }
}

// case: init_with_config
void InitWithConfig(int devices, int ranks, int first, ncclUniqueId id, ncclComm_t* comms, ncclConfig_t* config) {
  for (int i = 0; i < devices; i++) {
    CUDA_CHECK(cudaSetDevice(i));
    NCCL_CHECK(ncclCommInitRankConfig(comms + i, ranks, id, first + i, config));  // warns: nccl-multi-device-not-grouped
  }
}

// case: init_in_group_without_device
void InitSameDevice(int devices, ncclUniqueId id, ncclComm_t* comms) {
  NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < devices; i++) {
    NCCL_CHECK(ncclCommInitRank(&comms[i], devices, id, i));  // warns: nccl-multi-device-not-grouped
  }
  NCCL_CHECK(ncclGroupEnd());
}
