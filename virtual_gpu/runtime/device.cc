// Devices, versions and device-wide calls of the runtime API.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "virtual_gpu/engine/device_attributes.h"
#include "virtual_gpu/engine/device_facts.h"
#include "virtual_gpu/engine/memory.h"
#include "virtual_gpu/engine/stream_api.h"
#include "virtual_gpu/runtime/call.h"
#include "virtual_gpu/runtime/symbols.h"

using namespace rankle::vgpu;
using runtime::Call;
using runtime::DeviceCall;

namespace {

// Runs `action` for the device with this index.
template <typename Action>
cudaError_t OnDevice(int index, Action action) {
  return Call([&]() -> Error {
    Device* device = Engine::Get().device(index);
    return device == nullptr ? cudaErrorInvalidDevice : action(*device);
  });
}

}  // namespace

cudaError_t cudaGetDeviceCount(int* count) {
  return Call([&]() -> Error {
    if (count == nullptr) return cudaErrorInvalidValue;
    *count = Engine::Get().device_count();
    return cudaSuccess;
  });
}

cudaError_t cudaGetDevice(int* device) {
  return Call([&]() -> Error {
    if (device == nullptr) return cudaErrorInvalidValue;
    *device = ContextStack().empty() ? 0 : CurrentDevice()->index();
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int device) {
  return Call([&]() -> Error {
    if (const Error error = SetCurrentDevice(device)) return error;
    return CurrentDevice()->sticky_error();
  });
}

cudaError_t cudaInitDevice(int index, unsigned, unsigned) {
  return OnDevice(index, [](Device& device) {
    device.primary_active = true;
    return cudaSuccess;
  });
}

cudaError_t cudaSetValidDevices(int* devices, int count) {
  return Call([&]() -> Error {
    if (devices == nullptr && count > 0) return cudaErrorInvalidValue;
    for (int i = 0; i < count; ++i) {
      if (Engine::Get().device(devices[i]) == nullptr) return cudaErrorInvalidDevice;
    }
    return count > 0 ? SetCurrentDevice(devices[0]) : cudaSuccess;
  });
}

cudaError_t cudaChooseDevice(int* device, const cudaDeviceProp* wanted) {
  return Call([&]() -> Error {
    if (device == nullptr || wanted == nullptr) return cudaErrorInvalidValue;
    *device = 0;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int index) {
  return OnDevice(index, [&](Device& device) -> Error {
    if (value == nullptr) return cudaErrorInvalidValue;
    return DeviceAttribute(device, static_cast<int>(attribute), value) ? cudaSuccess : cudaErrorInvalidValue;
  });
}

cudaError_t cudaDeviceGetPCIBusId(char* text, int length, int index) {
  return OnDevice(index, [&](Device& device) -> Error {
    if (text == nullptr || length < 13) return cudaErrorInvalidValue;
    snprintf(text, static_cast<size_t>(length), "%s", PciBusId(device).c_str());
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetByPCIBusId(int* index, const char* text) {
  return Call([&]() -> Error {
    if (index == nullptr || text == nullptr) return cudaErrorInvalidValue;
    Device* device = DeviceByPciBusId(text);
    if (device == nullptr) return cudaErrorInvalidDevice;
    *index = device->index();
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  return DeviceCall([&](Device&) {
    if (least != nullptr) *least = kLeastStreamPriority;
    if (greatest != nullptr) *greatest = kGreatestStreamPriority;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceSynchronize() { return DeviceCall(DeviceSynchronize); }

// Waits for the device and gives its memory back. A lost device stays lost, as after an Xid.
cudaError_t cudaDeviceReset() {
  return DeviceCall([](Device& device) -> Error {
    if (const Error error = DeviceSynchronize(device)) return error;
    FreeAllOf(device);
    runtime::ForgetSymbols(device);
    device.primary_active = false;
    device.peer_access = 0;
    return cudaSuccess;
  });
}

cudaError_t cudaSetDeviceFlags(unsigned flags) {
  return Call([&]() -> Error {
    if ((flags & ~unsigned{cudaDeviceMask}) != 0) return cudaErrorInvalidValue;
    CurrentDevice()->flags = flags;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceFlags(unsigned* flags) {
  return Call([&]() -> Error {
    if (flags == nullptr) return cudaErrorInvalidValue;
    *flags = CurrentDevice()->flags | cudaDeviceMapHost;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceCanAccessPeer(int* can, int index, int peer) {
  return OnDevice(index, [&](Device& device) -> Error {
    if (can == nullptr) return cudaErrorInvalidValue;
    if (Engine::Get().device(peer) == nullptr) return cudaErrorInvalidDevice;
    *can = device.index() == peer ? 0 : 1;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags) {
  return DeviceCall([&](Device& device) -> Error {
    if (flags != 0) return cudaErrorInvalidValue;
    return EnablePeerAccess(device, peer);
  });
}

cudaError_t cudaDeviceDisablePeerAccess(int peer) {
  return DeviceCall([&](Device& device) { return DisablePeerAccess(device, peer); });
}

cudaError_t cudaDeviceGetP2PAttribute(int* value, cudaDeviceP2PAttr attribute, int source, int destination) {
  return OnDevice(source, [&](Device&) -> Error {
    if (value == nullptr) return cudaErrorInvalidValue;
    if (Engine::Get().device(destination) == nullptr || source == destination) return cudaErrorInvalidDevice;
    *value = attribute == cudaDevP2PAttrPerformanceRank ? 0 : 1;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetLimit(size_t* value, cudaLimit limit) {
  return DeviceCall([&](Device&) { return GetLimit(static_cast<int>(limit), value); });
}

cudaError_t cudaDeviceSetLimit(cudaLimit limit, size_t value) {
  return DeviceCall([&](Device&) { return SetLimit(static_cast<int>(limit), value); });
}

cudaError_t cudaDeviceGetCacheConfig(cudaFuncCache* config) {
  return DeviceCall([&](Device&) -> Error {
    if (config == nullptr) return cudaErrorInvalidValue;
    *config = cudaFuncCachePreferNone;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceSetCacheConfig(cudaFuncCache) {
  return DeviceCall([](Device&) { return cudaSuccess; });
}

cudaError_t cudaDeviceFlushGPUDirectRDMAWrites(cudaFlushGPUDirectRDMAWritesTarget,
                                               cudaFlushGPUDirectRDMAWritesScope) {
  return DeviceCall([](Device&) { return cudaSuccess; });
}

cudaError_t cudaDriverGetVersion(int* version) {
  if (version == nullptr) return runtime::Remember(cudaErrorInvalidValue);
  *version = kDriverVersion;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  if (version == nullptr) return runtime::Remember(cudaErrorInvalidValue);
  *version = RANKLE_CUDART_VERSION;
  return cudaSuccess;
}

extern "C" cudaError_t cudaProfilerStart() {
  return DeviceCall([](Device&) { return cudaSuccess; });
}

extern "C" cudaError_t cudaProfilerStop() {
  return DeviceCall([](Device&) { return cudaSuccess; });
}
