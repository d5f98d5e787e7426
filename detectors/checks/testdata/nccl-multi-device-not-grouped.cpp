#include <nccl.h>

#include <thread>
#include <vector>

[[noreturn]] void Die();
#define CHECK(call)               \
  do {                            \
    if ((call) != 0) Die();       \
  } while (0)

struct Device {
  float* data;
  ncclComm_t comm;
  cudaStream_t stream;
};
void OneAfterAnother(std::vector<Device>& devices, float** data, ncclComm_t* comms, cudaStream_t* streams, int n) {
  for (Device& device : devices)
    CHECK(ncclAllReduce(device.data, device.data, 1, ncclFloat, ncclSum, device.comm, device.stream));  // warns: nccl-multi-device-not-grouped
  for (int i = 0; i < n; ++i) {
    CHECK(ncclGroupStart());
    CHECK(ncclAllReduce(data[i], data[i], 1, ncclFloat, ncclSum, comms[i], streams[i]));  // warns: nccl-multi-device-not-grouped
    CHECK(ncclGroupEnd());
  }
}
void Inits(ncclComm_t* comms, ncclUniqueId id, ncclUniqueId other, int n) {
  for (int i = 0; i < n; ++i) {
    CHECK(cudaSetDevice(i));
    CHECK(ncclCommInitRank(&comms[i], n, id, i));  // warns: nccl-multi-device-not-grouped
  }
  CHECK(ncclGroupStart());
  for (int i = 0; i < n; ++i) CHECK(ncclCommInitRank(comms + i, n, other, i));  // warns: nccl-multi-device-not-grouped
  CHECK(ncclGroupEnd());
}

void Grouped(float** data, ncclComm_t* comms, cudaStream_t* streams, ncclUniqueId id, int n) {
  CHECK(ncclGroupStart());
  for (int i = 0; i < n; ++i) {
    CHECK(cudaSetDevice(i));
    CHECK(ncclCommInitRank(&comms[i], n, id, i));
  }
  CHECK(ncclGroupEnd());
  if (n > 1) CHECK(ncclGroupStart());
  for (int i = 0; i < n; ++i) CHECK(ncclAllReduce(data[i], data[i], 1, ncclFloat, ncclSum, comms[i], streams[i]));
  if (n > 1) CHECK(ncclGroupEnd());
}
void OneDevice(float** data, ncclComm_t* dimensions, ncclComm_t comm, cudaStream_t stream, int n) {
  for (int i = 0; i < n; ++i) {
    CHECK(ncclAllReduce(data[i], data[i], 1, ncclFloat, ncclSum, comm, stream));
    CHECK(ncclAllReduce(data[i], data[i], 1, ncclFloat, ncclSum, dimensions[i], stream));
  }
}
void Threads(float** data, ncclComm_t* comms, cudaStream_t* streams, int n) {
  std::vector<std::thread> threads;
  for (int i = 0; i < n; ++i)
    threads.emplace_back([=] { CHECK(ncclAllReduce(data[i], data[i], 1, ncclFloat, ncclSum, comms[i], streams[i])); });
  for (std::thread& thread : threads) thread.join();
}

void Through(Device& device) {
  CHECK(ncclAllReduce(device.data, device.data, 1, ncclFloat, ncclSum, device.comm, device.stream));
}
void ThroughAFunction(std::vector<Device>& devices, std::vector<Device>& layers) {
  for (Device& device : devices) Through(device);  // warns: nccl-multi-device-not-grouped
  for (Device& layer : layers) Through(layer);
}
