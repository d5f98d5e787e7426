#include "virtual_gpu/nccl/device.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

#include "virtual_gpu/engine/device_work.h"

namespace rankle::virtual_nccl {

int CurrentDevice() {
  int device = -1;
  return cudaGetDevice(&device) == cudaSuccess ? device : -1;
}

int DeviceCount() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

int64_t BusId(int device) {
  char text[64] = "";
  if (cudaDeviceGetPCIBusId(text, sizeof text, device) != cudaSuccess) return -1;
  std::string digits;
  for (const char* at = text; *at != '\0'; ++at) {
    if (std::isxdigit(static_cast<unsigned char>(*at))) digits += *at;
  }
  return digits.empty() ? -1 : std::strtoll(digits.c_str(), nullptr, 16);
}

bool IsCapturing(cudaStream_t stream) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  return cudaStreamIsCapturing(stream, &status) == cudaSuccess && status == cudaStreamCaptureStatusActive;
}

DeviceScope::DeviceScope(int device) : previous_(CurrentDevice()) {
  if (previous_ == device || device < 0) {
    previous_ = -1;
  } else {
    cudaSetDevice(device);
  }
}

DeviceScope::~DeviceScope() {
  if (previous_ >= 0) cudaSetDevice(previous_);
}

cudaError_t EnqueueOn(int device, cudaStream_t stream, const char* name, void (*run)(void*),
                      void (*release)(void*), void* argument) {
  const DeviceScope scope(device);
  return static_cast<cudaError_t>(rankleVgpuEnqueue(stream, name, run, release, argument));
}

}  // namespace rankle::virtual_nccl
