// Memory, pointer queries and IPC of the driver API.
#include "virtual_gpu/engine/memory.h"

#include "virtual_gpu/driver/call.h"
#include "virtual_gpu/engine/ipc.h"
#include "virtual_gpu/engine/memory_pool.h"

using namespace rankle::vgpu;
using driver::Call;
using driver::ContextCall;

namespace {

void* Pointer(CUdeviceptr address) { return reinterpret_cast<void*>(address); }

Error AllocateAt(Device& device, MemoryKind kind, size_t bytes, CUdeviceptr* out) {
  if (out == nullptr || bytes == 0) return cudaErrorInvalidValue;
  void* pointer = nullptr;
  const Error error = Allocate(device, kind, bytes, &pointer);
  *out = reinterpret_cast<CUdeviceptr>(pointer);
  return error;
}

// One attribute of an address. Addresses that CUDA does not know answer only what can be said about any
// address.
Error PointerAttribute(void* value, CUpointer_attribute attribute, const void* pointer) {
  Allocation allocation;
  const bool known = FindAllocation(pointer, &allocation);
  if (value == nullptr) return cudaErrorInvalidValue;
  if (!known) return cudaErrorInvalidValue;
  const bool host = allocation.host();
  switch (attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
      *static_cast<void**>(value) = Engine::Get().primary(allocation.device->index());
      return cudaSuccess;
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
      *static_cast<unsigned*>(value) = host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
      return cudaSuccess;
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
      *static_cast<const void**>(value) = pointer;
      return cudaSuccess;
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
      if (!host && allocation.kind != MemoryKind::kManaged) return cudaErrorInvalidValue;
      *static_cast<const void**>(value) = pointer;
      return cudaSuccess;
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
      *static_cast<bool*>(value) = false;
      return cudaSuccess;
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
      *static_cast<unsigned long long*>(value) = allocation.id;
      return cudaSuccess;
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
      *static_cast<bool*>(value) = allocation.kind == MemoryKind::kManaged;
      return cudaSuccess;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
      *static_cast<int*>(value) = allocation.device->index();
      return cudaSuccess;
    case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
      *static_cast<bool*>(value) = allocation.kind == MemoryKind::kDevice;
      return cudaSuccess;
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
      *static_cast<uintptr_t*>(value) = allocation.base;
      return cudaSuccess;
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
      *static_cast<size_t*>(value) = allocation.bytes;
      return cudaSuccess;
    case CU_POINTER_ATTRIBUTE_MAPPED:
      *static_cast<bool*>(value) = true;
      return cudaSuccess;
    default:
      return cudaErrorNotSupported;
  }
}

}  // namespace

CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
  return ContextCall([&](Device& device) -> Error {
    if (free == nullptr || total == nullptr) return cudaErrorInvalidValue;
    *total = device.arena().limit_bytes();
    *free = *total - device.arena().used_bytes();
    return cudaSuccess;
  });
}

CUresult cuMemAlloc_v2(CUdeviceptr* out, size_t bytes) {
  return ContextCall([&](Device& device) { return AllocateAt(device, MemoryKind::kDevice, bytes, out); });
}

CUresult cuMemAllocManaged(CUdeviceptr* out, size_t bytes, unsigned) {
  return ContextCall([&](Device& device) { return AllocateAt(device, MemoryKind::kManaged, bytes, out); });
}

CUresult cuMemFree_v2(CUdeviceptr address) {
  return ContextCall([&](Device&) { return FreeDevice(Pointer(address)); });
}

CUresult cuMemAllocAsync(CUdeviceptr* out, size_t bytes, CUstream stream) {
  return ContextCall(
      [&](Device&) { return AllocateAsync(bytes, nullptr, stream, reinterpret_cast<void**>(out)); });
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
  return ContextCall([&](Device&) { return FreeAsync(Pointer(address), stream); });
}

CUresult cuMemHostAlloc(void** out, size_t bytes, unsigned flags) {
  return ContextCall([&](Device&) -> Error {
    if (out == nullptr || bytes == 0) return cudaErrorInvalidValue;
    return AllocateHost(bytes, flags, out);
  });
}

CUresult cuMemAllocHost_v2(void** out, size_t bytes) { return cuMemHostAlloc(out, bytes, 0); }

CUresult cuMemFreeHost(void* pointer) {
  return ContextCall([&](Device&) { return FreeHost(pointer); });
}

CUresult cuMemHostRegister_v2(void* pointer, size_t bytes, unsigned flags) {
  return ContextCall([&](Device&) -> Error {
    if (pointer == nullptr || bytes == 0) return cudaErrorInvalidValue;
    return RegisterHost(pointer, bytes, flags);
  });
}

CUresult cuMemHostUnregister(void* pointer) {
  return ContextCall([&](Device&) { return UnregisterHost(pointer); });
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr* out, void* host, unsigned) {
  return ContextCall([&](Device&) -> Error {
    Allocation allocation;
    if (out == nullptr || !FindAllocation(host, &allocation) || !allocation.host())
      return cudaErrorInvalidValue;
    *out = reinterpret_cast<CUdeviceptr>(host);
    return cudaSuccess;
  });
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr* base, size_t* bytes, CUdeviceptr address) {
  return ContextCall([&](Device&) -> Error {
    Allocation allocation;
    if (!FindAllocation(Pointer(address), &allocation)) return cudaErrorSymbolNotFound;
    if (base != nullptr) *base = allocation.base;
    if (bytes != nullptr) *bytes = allocation.bytes;
    return cudaSuccess;
  });
}

CUresult cuPointerGetAttribute(void* value, CUpointer_attribute attribute, CUdeviceptr address) {
  return Call([&] { return PointerAttribute(value, attribute, Pointer(address)); });
}

// Answers null or 0 for addresses it does not know, instead of failing.
CUresult cuPointerGetAttributes(unsigned count, CUpointer_attribute* attributes, void** values,
                                CUdeviceptr address) {
  return Call([&]() -> Error {
    if (attributes == nullptr || values == nullptr) return cudaErrorInvalidValue;
    for (unsigned i = 0; i < count; ++i) {
      if (PointerAttribute(values[i], attributes[i], Pointer(address)) == cudaSuccess) continue;
      switch (attributes[i]) {
        case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
          *static_cast<unsigned*>(values[i]) = 0;
          break;
        case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
          *static_cast<int*>(values[i]) = CU_DEVICE_INVALID;
          break;
        case CU_POINTER_ATTRIBUTE_IS_MANAGED:
        case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
        case CU_POINTER_ATTRIBUTE_MAPPED:
        case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
          *static_cast<bool*>(values[i]) = false;
          break;
        case CU_POINTER_ATTRIBUTE_BUFFER_ID:
        case CU_POINTER_ATTRIBUTE_CONTEXT:
        case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
        case CU_POINTER_ATTRIBUTE_HOST_POINTER:
        case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
        case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
          *static_cast<uint64_t*>(values[i]) = 0;
          break;
        default:
          return cudaErrorNotSupported;
      }
    }
    return cudaSuccess;
  });
}

CUresult cuPointerSetAttribute(const void*, CUpointer_attribute attribute, CUdeviceptr address) {
  return Call([&]() -> Error {
    Allocation allocation;
    if (attribute != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS) return cudaErrorInvalidValue;
    return FindAllocation(Pointer(address), &allocation) ? cudaSuccess : cudaErrorInvalidValue;
  });
}

CUresult cuIpcGetMemHandle(CUipcMemHandle* handle, CUdeviceptr address) {
  return ContextCall([&](Device&) {
    return IpcExportMemory(Pointer(address), reinterpret_cast<cudaIpcMemHandle_t*>(handle));
  });
}

CUresult cuIpcOpenMemHandle_v2(CUdeviceptr* address, CUipcMemHandle handle, unsigned) {
  return ContextCall([&](Device& device) {
    return IpcOpenMemory(device, reinterpret_cast<cudaIpcMemHandle_t&>(handle),
                         reinterpret_cast<void**>(address));
  });
}

CUresult cuIpcCloseMemHandle(CUdeviceptr address) {
  return ContextCall([&](Device&) { return IpcCloseMemory(Pointer(address)); });
}

CUresult cuIpcGetEventHandle(CUipcEventHandle* handle, CUevent event) {
  return ContextCall(
      [&](Device&) { return IpcExportEvent(event, reinterpret_cast<cudaIpcEventHandle_t*>(handle)); });
}

CUresult cuIpcOpenEventHandle(CUevent* event, CUipcEventHandle handle) {
  return ContextCall([&](Device& device) {
    return IpcOpenEvent(device, reinterpret_cast<cudaIpcEventHandle_t&>(handle), event);
  });
}
