// Memory of the runtime API: allocation, registration, pools and pointer queries.
#include "virtual_gpu/engine/memory.h"

#include <algorithm>

#include "virtual_gpu/engine/capture.h"
#include "virtual_gpu/engine/memory_pool.h"
#include "virtual_gpu/runtime/call.h"

using namespace rankle::vgpu;
using runtime::Call;
using runtime::DeviceCall;

namespace {

constexpr size_t kPitchAlignment = 512;

Error AllocateChecked(Device& device, MemoryKind kind, size_t bytes, void** out) {
  if (out == nullptr) return cudaErrorInvalidValue;
  if (const Error error = RefuseUnsafeCall()) return error;
  *out = nullptr;
  return bytes == 0 ? cudaSuccess : Allocate(device, kind, bytes, out);
}

Error AllocateHostChecked(size_t bytes, unsigned flags, void** out) {
  constexpr unsigned kKnown = cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined;
  if (out == nullptr || (flags & ~kKnown) != 0) return cudaErrorInvalidValue;
  *out = nullptr;
  return bytes == 0 ? cudaSuccess : AllocateHost(bytes, flags, out);
}

size_t Pitch(size_t width) { return (width + kPitchAlignment - 1) / kPitchAlignment * kPitchAlignment; }

Error AllocatePitched(Device& device, size_t width, size_t rows, void** out, size_t* pitch) {
  if (out == nullptr || pitch == nullptr) return cudaErrorInvalidValue;
  *pitch = Pitch(width);
  return AllocateChecked(device, MemoryKind::kDevice, *pitch * rows, out);
}

cudaMemoryType TypeOf(MemoryKind kind) {
  switch (kind) {
    case MemoryKind::kHost:
    case MemoryKind::kRegistered:
      return cudaMemoryTypeHost;
    case MemoryKind::kManaged:
      return cudaMemoryTypeManaged;
    default:
      return cudaMemoryTypeDevice;
  }
}

Error DeviceOfLocation(const cudaMemLocation* location, Device** device) {
  if (location == nullptr || location->type != cudaMemLocationTypeDevice) return cudaErrorNotSupported;
  *device = Engine::Get().device(location->id);
  return *device == nullptr ? cudaErrorInvalidDevice : cudaSuccess;
}

}  // namespace

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  return DeviceCall(
      [&](Device& device) { return AllocateChecked(device, MemoryKind::kDevice, bytes, pointer); });
}

cudaError_t cudaMallocManaged(void** pointer, size_t bytes, unsigned flags) {
  return DeviceCall([&](Device& device) -> Error {
    if ((flags != cudaMemAttachGlobal && flags != cudaMemAttachHost) || bytes == 0)
      return cudaErrorInvalidValue;
    return AllocateChecked(device, MemoryKind::kManaged, bytes, pointer);
  });
}

cudaError_t cudaMallocPitch(void** pointer, size_t* pitch, size_t width, size_t height) {
  return DeviceCall([&](Device& device) { return AllocatePitched(device, width, height, pointer, pitch); });
}

cudaError_t cudaMalloc3D(cudaPitchedPtr* pitched, cudaExtent extent) {
  return DeviceCall([&](Device& device) -> Error {
    if (pitched == nullptr) return cudaErrorInvalidValue;
    pitched->xsize = extent.width;
    pitched->ysize = extent.height;
    return AllocatePitched(device, extent.width, extent.height * extent.depth, &pitched->ptr,
                           &pitched->pitch);
  });
}

cudaError_t cudaFree(void* pointer) {
  return DeviceCall([&](Device&) { return pointer == nullptr ? cudaSuccess : FreeDevice(pointer); });
}

cudaError_t cudaMallocHost(void** pointer, size_t bytes) { return cudaHostAlloc(pointer, bytes, 0); }

cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned flags) {
  return DeviceCall([&](Device&) { return AllocateHostChecked(bytes, flags, pointer); });
}

cudaError_t cudaFreeHost(void* pointer) {
  return DeviceCall([&](Device&) { return pointer == nullptr ? cudaSuccess : FreeHost(pointer); });
}

cudaError_t cudaHostRegister(void* pointer, size_t bytes, unsigned flags) {
  return DeviceCall([&](Device&) -> Error {
    constexpr unsigned kKnown = cudaHostRegisterPortable | cudaHostRegisterMapped | cudaHostRegisterReadOnly;
    if (pointer == nullptr || bytes == 0 || (flags & ~kKnown) != 0) return cudaErrorInvalidValue;
    return RegisterHost(pointer, bytes, flags);
  });
}

cudaError_t cudaHostUnregister(void* pointer) {
  return DeviceCall([&](Device&) { return UnregisterHost(pointer); });
}

cudaError_t cudaHostGetDevicePointer(void** device_pointer, void* host, unsigned flags) {
  return DeviceCall([&](Device&) -> Error {
    Allocation allocation;
    if (device_pointer == nullptr || flags != 0) return cudaErrorInvalidValue;
    if (!FindAllocation(host, &allocation) || !allocation.host()) return cudaErrorInvalidValue;
    *device_pointer = host;
    return cudaSuccess;
  });
}

cudaError_t cudaHostGetFlags(unsigned* flags, void* host) {
  return DeviceCall([&](Device&) -> Error {
    Allocation allocation;
    if (flags == nullptr || !FindAllocation(host, &allocation) || !allocation.host())
      return cudaErrorInvalidValue;
    *flags = allocation.flags | cudaHostAllocMapped;
    return cudaSuccess;
  });
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  return DeviceCall([&](Device& device) -> Error {
    if (free == nullptr || total == nullptr) return cudaErrorInvalidValue;
    *total = device.arena().limit_bytes();
    *free = *total - device.arena().used_bytes();
    return cudaSuccess;
  });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  return Call([&]() -> Error {
    if (attributes == nullptr) return cudaErrorInvalidValue;
    *attributes = cudaPointerAttributes();
    Allocation allocation;
    if (!FindAllocation(pointer, &allocation)) {
      attributes->type = cudaMemoryTypeUnregistered;
      attributes->device = -2;
      attributes->hostPointer = const_cast<void*>(pointer);
      return cudaSuccess;
    }
    attributes->type = TypeOf(allocation.kind);
    attributes->device = allocation.device->index();
    attributes->devicePointer = const_cast<void*>(pointer);
    if (attributes->type != cudaMemoryTypeDevice) attributes->hostPointer = const_cast<void*>(pointer);
    return cudaSuccess;
  });
}

cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t stream) {
  return DeviceCall([&](Device&) { return AllocateAsync(bytes, nullptr, stream, pointer); });
}

cudaError_t cudaMallocFromPoolAsync(void** pointer, size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  return DeviceCall([&](Device&) -> Error {
    if (pool == nullptr) return cudaErrorInvalidValue;
    return AllocateAsync(bytes, pool, stream, pointer);
  });
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  return DeviceCall([&](Device&) { return pointer == nullptr ? cudaSuccess : FreeAsync(pointer, stream); });
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  return Call([&]() -> Error {
    Device* device;
    if (pool == nullptr || properties == nullptr) return cudaErrorInvalidValue;
    if (const Error error = DeviceOfLocation(&properties->location, &device)) return error;
    return PoolCreate(*device, pool);
  });
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  return Call([&] { return PoolDestroy(pool); });
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t) {
  return Call([&] { return FindPool(pool) == nullptr ? cudaErrorInvalidValue : cudaSuccess; });
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  return Call([&] { return PoolGetAttribute(pool, attribute, value); });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  return Call([&] { return PoolSetAttribute(pool, attribute, value); });
}

// All devices of the host can reach all memory.
cudaError_t cudaMemPoolSetAccess(cudaMemPool_t pool, const cudaMemAccessDesc*, size_t) {
  return Call([&] { return FindPool(pool) == nullptr ? cudaErrorInvalidValue : cudaSuccess; });
}

cudaError_t cudaMemPoolGetAccess(cudaMemAccessFlags* flags, cudaMemPool_t pool, cudaMemLocation*) {
  return Call([&]() -> Error {
    if (flags == nullptr || FindPool(pool) == nullptr) return cudaErrorInvalidValue;
    *flags = cudaMemAccessFlagsProtReadWrite;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int index) {
  return Call([&]() -> Error {
    Device* device = Engine::Get().device(index);
    if (pool == nullptr || device == nullptr)
      return device == nullptr ? cudaErrorInvalidDevice : cudaErrorInvalidValue;
    *pool = DefaultPool(*device);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetMemPool(cudaMemPool_t* pool, int index) {
  return Call([&]() -> Error {
    Device* device = Engine::Get().device(index);
    if (pool == nullptr || device == nullptr)
      return device == nullptr ? cudaErrorInvalidDevice : cudaErrorInvalidValue;
    return CurrentPool(*device, pool);
  });
}

cudaError_t cudaDeviceSetMemPool(int index, cudaMemPool_t pool) {
  return Call([&]() -> Error {
    Device* device = Engine::Get().device(index);
    return device == nullptr ? cudaErrorInvalidDevice : SetCurrentPool(*device, pool);
  });
}
