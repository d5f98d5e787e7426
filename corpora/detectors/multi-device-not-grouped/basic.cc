// One thread that drives several devices: the first call may block until the others, which never come, have
// been made.
#include "check.h"

// case: loop_over_devices
void ReduceOnAll(float** data, size_t n, int devices, ncclComm_t* comms, cudaStream_t* streams) {
  for (int i = 0; i < devices; i++) {
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comms[i], streams[i]));  // warns: nccl-multi-device-not-grouped
  }
}

// case: grouped_loop_over_devices
void GroupedReduceOnAll(float** data, size_t n, int devices, ncclComm_t* comms, cudaStream_t* streams) {
  NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < devices; i++) {
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comms[i], streams[i]));
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: init_loop_without_group
void InitAllDevices(int devices, ncclUniqueId id, ncclComm_t* comms) {
  for (int i = 0; i < devices; i++) {
    CUDA_CHECK(cudaSetDevice(i));
    NCCL_CHECK(ncclCommInitRank(&comms[i], devices, id, i));  // warns: nccl-multi-device-not-grouped
  }
}
