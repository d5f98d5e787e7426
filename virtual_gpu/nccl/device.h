// The few questions the virtual NCCL asks of CUDA. Kept together so that they are easy to see and to fake.
// They are asked on the application's own threads, inside NCCL calls, never on stream or background threads.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>

namespace rankle::virtual_nccl {

// -1 when CUDA has no answer.
int CurrentDevice();
int DeviceCount();
// PCI bus id as NCCL prints it (domain, bus, device in one number, function 0); -1 when unknown.
int64_t BusId(int device);
bool IsCapturing(cudaStream_t stream);

// Makes `device` current for the lifetime of this object.
class DeviceScope {
 public:
  explicit DeviceScope(int device);
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  int previous_;
};

// Queues `run` behind the work of `stream` on `device`; `release` is called once, when it can no longer run.
cudaError_t EnqueueOn(int device, cudaStream_t stream, const char* name, void (*run)(void*),
                      void (*release)(void*), void* argument);

}  // namespace rankle::virtual_nccl
