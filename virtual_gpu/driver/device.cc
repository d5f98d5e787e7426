// Initialisation, devices, versions and error texts of the driver API.
#include <cstdio>
#include <cstring>

#include "virtual_gpu/driver/call.h"
#include "virtual_gpu/driver/entry_points.h"
#include "virtual_gpu/engine/device_attributes.h"
#include "virtual_gpu/engine/device_facts.h"
#include "virtual_gpu/engine/error_texts.h"
#include "virtual_gpu/engine/process.h"

using namespace rankle::vgpu;
using driver::Call;
using driver::ContextCall;
using driver::Result;

namespace {

template <typename Action>
CUresult OnDevice(CUdevice index, Action action) {
  return Call([&]() -> Error {
    Device* device = Engine::Get().device(index);
    return device == nullptr ? cudaErrorInvalidDevice : action(*device);
  });
}

// The CUDA 13 driver still knows error names that have no runtime twin.
const char* NameOf(CUresult error) {
  const ErrorText* entry = FindErrorText(error);
  return entry == nullptr ? nullptr : entry->driver_name;
}

}  // namespace

namespace rankle::vgpu::driver {

// The runtime initialises the driver with its first call, whichever that is.
bool Initialised() { return Entered(); }

}  // namespace rankle::vgpu::driver

CUresult cuInit(unsigned flags) {
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  return Result(Enter());
}

CUresult cuDriverGetVersion(int* version) {
  if (version == nullptr) return CUDA_ERROR_INVALID_VALUE;
  *version = kDriverVersion;
  return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult error, const char** text) {
  if (text == nullptr) return CUDA_ERROR_INVALID_VALUE;
  *text = NameOf(error);
  return *text == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult error, const char** text) {
  if (text == nullptr) return CUDA_ERROR_INVALID_VALUE;
  *text = NameOf(error) == nullptr ? nullptr : FindErrorText(error)->text;
  return *text == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  return OnDevice(ordinal, [&](Device&) -> Error {
    if (device == nullptr) return cudaErrorInvalidValue;
    *device = ordinal;
    return cudaSuccess;
  });
}

CUresult cuDeviceGetCount(int* count) {
  return Call([&]() -> Error {
    if (count == nullptr) return cudaErrorInvalidValue;
    *count = Engine::Get().device_count();
    return cudaSuccess;
  });
}

CUresult cuDeviceGetName(char* name, int length, CUdevice index) {
  return OnDevice(index, [&](Device&) -> Error {
    if (name == nullptr || length <= 0) return cudaErrorInvalidValue;
    snprintf(name, static_cast<size_t>(length), "%s", kDeviceName);
    return cudaSuccess;
  });
}

CUresult cuDeviceGetUuid(CUuuid* uuid, CUdevice index) { return cuDeviceGetUuid_v2(uuid, index); }

CUresult cuDeviceGetUuid_v2(CUuuid* uuid, CUdevice index) {
  return OnDevice(index, [&](Device& device) -> Error {
    if (uuid == nullptr) return cudaErrorInvalidValue;
    UuidBytes(device, uuid->bytes);
    return cudaSuccess;
  });
}

CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice index) {
  return OnDevice(index, [&](Device& device) -> Error {
    if (bytes == nullptr) return cudaErrorInvalidValue;
    *bytes = device.arena().limit_bytes();
    return cudaSuccess;
  });
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice index) {
  return OnDevice(index, [&](Device& device) -> Error {
    if (value == nullptr) return cudaErrorInvalidValue;
    return DeviceAttribute(device, attribute, value) ? cudaSuccess : cudaErrorInvalidValue;
  });
}

CUresult cuDeviceComputeCapability(int* major, int* minor, CUdevice index) {
  return OnDevice(index, [&](Device&) -> Error {
    if (major == nullptr || minor == nullptr) return cudaErrorInvalidValue;
    *major = kComputeMajor;
    *minor = kComputeMinor;
    return cudaSuccess;
  });
}

CUresult cuDeviceGetPCIBusId(char* text, int length, CUdevice index) {
  return OnDevice(index, [&](Device& device) -> Error {
    if (text == nullptr || length < 13) return cudaErrorInvalidValue;
    snprintf(text, static_cast<size_t>(length), "%s", PciBusId(device).c_str());
    return cudaSuccess;
  });
}

CUresult cuDeviceGetByPCIBusId(CUdevice* index, const char* text) {
  return Call([&]() -> Error {
    if (index == nullptr || text == nullptr) return cudaErrorInvalidValue;
    Device* device = DeviceByPciBusId(text);
    if (device == nullptr) return cudaErrorInvalidDevice;
    *index = device->index();
    return cudaSuccess;
  });
}

CUresult cuDeviceCanAccessPeer(int* can, CUdevice index, CUdevice peer) {
  return OnDevice(index, [&](Device&) -> Error {
    if (can == nullptr) return cudaErrorInvalidValue;
    if (Engine::Get().device(peer) == nullptr) return cudaErrorInvalidDevice;
    *can = index == peer ? 0 : 1;
    return cudaSuccess;
  });
}

CUresult cuDeviceGetP2PAttribute(int* value, CUdevice_P2PAttribute attribute, CUdevice source,
                                 CUdevice destination) {
  return OnDevice(source, [&](Device&) -> Error {
    if (value == nullptr) return cudaErrorInvalidValue;
    if (Engine::Get().device(destination) == nullptr || source == destination) return cudaErrorInvalidDevice;
    *value = attribute == CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK ? 0 : 1;
    return cudaSuccess;
  });
}

CUresult cuGetProcAddress(const char* name, void** function, int version, cuuint64_t flags) {
  return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}

CUresult cuGetProcAddress_v2(const char* name, void** function, int version, cuuint64_t flags,
                             CUdriverProcAddressQueryResult* status) {
  if (name == nullptr || function == nullptr) return CUDA_ERROR_INVALID_VALUE;
  bool known = false;
  *function = FindEntryPoint(name, version, flags == CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM, &known);
  const auto result = *function != nullptr ? CU_GET_PROC_ADDRESS_SUCCESS
                      : known              ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT
                                           : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  if (status != nullptr) *status = result;
  return *function != nullptr || status != nullptr ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult cuProfilerStart() {
  return ContextCall([](Device&) { return cudaSuccess; });
}

CUresult cuProfilerStop() {
  return ContextCall([](Device&) { return cudaSuccess; });
}
