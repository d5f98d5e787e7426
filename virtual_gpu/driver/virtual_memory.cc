// Virtual memory management of the driver API: address ranges (cuMemAddressReserve), physical memory
// (cuMemCreate, one memfd each, shareable as a POSIX file descriptor) and mappings of one into the other.
// Physical memory counts against the device's limit until its handle and its last mapping are gone.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <mutex>

#include "virtual_gpu/driver/call.h"
#include "virtual_gpu/engine/arena.h"
#include "virtual_gpu/engine/memory.h"

using namespace rankle::vgpu;
using driver::Call;

namespace {

constexpr size_t kGranularity = 2 << 20;
constexpr Error kNotPermitted = cudaErrorNotPermitted;

// Physical memory. Alive while a handle or a mapping holds it.
struct Physical {
  Physical(Device& owner, int file, size_t size, bool charged)
      : device(owner), fd(file), bytes(size), counts(charged) {}
  ~Physical() {
    close(fd);
    if (counts) device.arena().Discharge(bytes);
  }
  Physical(const Physical&) = delete;
  Physical& operator=(const Physical&) = delete;

  Device& device;
  const int fd;
  const size_t bytes;
  const bool counts;  // imported memory is its exporter's
  int references = 1;
};

struct Mapping {
  std::shared_ptr<Physical> physical;
  size_t bytes;
};

struct VirtualMemory {
  HandleTable<Physical> handles;
  std::mutex mutex;
  std::map<CUdeviceptr, Mapping> mappings;  // guarded by mutex; also guards Physical::references

  static VirtualMemory& Get() {
    static auto* memory = new VirtualMemory;
    return *memory;
  }
};

const void* HandleAddress(CUmemGenericAllocationHandle handle) {
  return reinterpret_cast<const void*>(handle);
}

CUmemGenericAllocationHandle Publish(std::shared_ptr<Physical> physical) {
  return reinterpret_cast<CUmemGenericAllocationHandle>(
      VirtualMemory::Get().handles.Add(std::move(physical)));
}

bool Aligned(size_t value) { return value != 0 && value % kGranularity == 0; }

Error Create(CUmemGenericAllocationHandle* handle, size_t bytes, const CUmemAllocationProp* properties) {
  if (handle == nullptr || properties == nullptr || !Aligned(bytes)) return cudaErrorInvalidValue;
  // Fabric handles need an IMEX channel; programs fall back to file descriptors.
  if ((properties->requestedHandleTypes & CU_MEM_HANDLE_TYPE_FABRIC) != 0) return kNotPermitted;
  const bool on_device = properties->location.type == CU_MEM_LOCATION_TYPE_DEVICE;
  Device* device = Engine::Get().device(on_device ? properties->location.id : 0);
  if (device == nullptr) return cudaErrorInvalidDevice;
  if (!device->arena().Charge(bytes)) return cudaErrorMemoryAllocation;
  const int fd = memfd_create("rankle-virtual-gpu-vmm", MFD_CLOEXEC);
  if (fd < 0 || SetFileSize(fd, bytes) != 0) {
    device->arena().Discharge(bytes);
    if (fd >= 0) close(fd);
    return cudaErrorOperatingSystem;
  }
  *handle = Publish(std::make_shared<Physical>(*device, fd, bytes, /*charged=*/true));
  return cudaSuccess;
}

Error Import(CUmemGenericAllocationHandle* handle, int foreign_fd) {
  if (handle == nullptr || ContextStack().empty()) return cudaErrorInvalidValue;
  const int fd = fcntl(foreign_fd, F_DUPFD_CLOEXEC, 0);
  struct stat status;
  if (fd < 0) return cudaErrorInvalidValue;
  if (fstat(fd, &status) != 0 || status.st_size == 0) {
    close(fd);
    return cudaErrorInvalidValue;
  }
  const auto bytes = static_cast<size_t>(status.st_size);
  *handle = Publish(std::make_shared<Physical>(*CurrentDevice(), fd, bytes, /*charged=*/false));
  return cudaSuccess;
}

Error Release(CUmemGenericAllocationHandle handle) {
  VirtualMemory& memory = VirtualMemory::Get();
  const std::shared_ptr<Physical> physical = memory.handles.Find(HandleAddress(handle));
  if (physical == nullptr) return cudaErrorInvalidValue;
  std::unique_lock lock(memory.mutex);
  if (--physical->references == 0) memory.handles.Take(HandleAddress(handle));
  return cudaSuccess;
}

Error Reserve(CUdeviceptr* out, size_t bytes, size_t alignment, CUdeviceptr hint) {
  if (out == nullptr || !Aligned(bytes)) return cudaErrorInvalidValue;
  alignment = alignment < kGranularity ? kGranularity : alignment;
  const size_t padded = bytes + alignment;
  void* range = mmap(reinterpret_cast<void*>(hint), padded, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) return cudaErrorMemoryAllocation;
  const auto start = reinterpret_cast<uintptr_t>(range);
  const uintptr_t aligned = (start + alignment - 1) / alignment * alignment;
  if (aligned > start) munmap(range, aligned - start);
  if (start + padded > aligned + bytes)
    munmap(reinterpret_cast<void*>(aligned + bytes), start + padded - aligned - bytes);
  *out = aligned;
  return cudaSuccess;
}

Error Map(CUdeviceptr address, size_t bytes, size_t offset, CUmemGenericAllocationHandle handle) {
  VirtualMemory& memory = VirtualMemory::Get();
  std::shared_ptr<Physical> physical = memory.handles.Find(HandleAddress(handle));
  if (physical == nullptr || !Aligned(bytes) || offset + bytes > physical->bytes)
    return cudaErrorInvalidValue;
  void* mapped = mmap(reinterpret_cast<void*>(address), bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                      physical->fd, static_cast<off_t>(offset));
  if (mapped == MAP_FAILED) return cudaErrorInvalidValue;
  Allocation allocation;
  allocation.base = address;
  allocation.bytes = bytes;
  allocation.kind = MemoryKind::kMapped;
  allocation.device = &physical->device;
  AddAllocation(allocation);
  std::unique_lock lock(memory.mutex);
  memory.mappings[address] = {std::move(physical), bytes};
  return cudaSuccess;
}

Error Unmap(CUdeviceptr address, size_t bytes) {
  VirtualMemory& memory = VirtualMemory::Get();
  std::unique_lock lock(memory.mutex);
  auto mapping = memory.mappings.lower_bound(address);
  if (mapping == memory.mappings.end() || mapping->first >= address + bytes) return cudaErrorInvalidValue;
  while (mapping != memory.mappings.end() && mapping->first < address + bytes) {
    Allocation removed;
    RemoveAllocation(reinterpret_cast<void*>(mapping->first), &removed);
    mmap(reinterpret_cast<void*>(mapping->first), mapping->second.bytes, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    mapping = memory.mappings.erase(mapping);
  }
  return cudaSuccess;
}

// The mapping that contains the address, null when there is none.
std::shared_ptr<Physical> MappedAt(CUdeviceptr address) {
  VirtualMemory& memory = VirtualMemory::Get();
  std::unique_lock lock(memory.mutex);
  auto next = memory.mappings.upper_bound(address);
  if (next == memory.mappings.begin()) return nullptr;
  --next;
  return address < next->first + next->second.bytes ? next->second.physical : nullptr;
}

}  // namespace

CUresult cuMemGetAllocationGranularity(size_t* granularity, const CUmemAllocationProp* properties,
                                       CUmemAllocationGranularity_flags) {
  return Call([&]() -> Error {
    if (granularity == nullptr || properties == nullptr) return cudaErrorInvalidValue;
    *granularity = kGranularity;
    return cudaSuccess;
  });
}

CUresult cuMemAddressReserve(CUdeviceptr* address, size_t bytes, size_t alignment, CUdeviceptr hint,
                             unsigned long long) {
  return Call([&] { return Reserve(address, bytes, alignment, hint); });
}

CUresult cuMemAddressFree(CUdeviceptr address, size_t bytes) {
  return Call([&]() -> Error {
    if (address == 0 || bytes == 0) return cudaErrorInvalidValue;
    return munmap(reinterpret_cast<void*>(address), bytes) == 0 ? cudaSuccess : cudaErrorInvalidValue;
  });
}

CUresult cuMemCreate(CUmemGenericAllocationHandle* handle, size_t bytes,
                     const CUmemAllocationProp* properties, unsigned long long) {
  return Call([&] { return Create(handle, bytes, properties); });
}

CUresult cuMemRelease(CUmemGenericAllocationHandle handle) {
  return Call([&] { return Release(handle); });
}

CUresult cuMemMap(CUdeviceptr address, size_t bytes, size_t offset, CUmemGenericAllocationHandle handle,
                  unsigned long long) {
  return Call([&] { return Map(address, bytes, offset, handle); });
}

CUresult cuMemUnmap(CUdeviceptr address, size_t bytes) {
  return Call([&] { return Unmap(address, bytes); });
}

// Mappings are always readable and writable: device memory is host memory.
CUresult cuMemSetAccess(CUdeviceptr address, size_t, const CUmemAccessDesc* descriptions, size_t) {
  return Call([&]() -> Error {
    return descriptions == nullptr || MappedAt(address) == nullptr ? cudaErrorInvalidValue : cudaSuccess;
  });
}

CUresult cuMemGetAccess(unsigned long long* flags, const CUmemLocation* location, CUdeviceptr address) {
  return Call([&]() -> Error {
    if (flags == nullptr || location == nullptr || MappedAt(address) == nullptr) return cudaErrorInvalidValue;
    *flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    return cudaSuccess;
  });
}

CUresult cuMemExportToShareableHandle(void* out, CUmemGenericAllocationHandle handle,
                                      CUmemAllocationHandleType type, unsigned long long) {
  return Call([&]() -> Error {
    const std::shared_ptr<Physical> physical = VirtualMemory::Get().handles.Find(HandleAddress(handle));
    if (out == nullptr || physical == nullptr) return cudaErrorInvalidValue;
    if (type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR) return kNotPermitted;
    const int fd = fcntl(physical->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return cudaErrorOperatingSystem;
    *static_cast<int*>(out) = fd;
    return cudaSuccess;
  });
}

CUresult cuMemImportFromShareableHandle(CUmemGenericAllocationHandle* handle, void* shared,
                                        CUmemAllocationHandleType type) {
  return Call([&]() -> Error {
    if (type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR) return kNotPermitted;
    return Import(handle, static_cast<int>(reinterpret_cast<intptr_t>(shared)));
  });
}

CUresult cuMemRetainAllocationHandle(CUmemGenericAllocationHandle* handle, void* address) {
  return Call([&]() -> Error {
    std::shared_ptr<Physical> physical = MappedAt(reinterpret_cast<CUdeviceptr>(address));
    if (handle == nullptr || physical == nullptr) return cudaErrorInvalidValue;
    VirtualMemory& memory = VirtualMemory::Get();
    std::unique_lock lock(memory.mutex);
    ++physical->references;
    *handle = Publish(std::move(physical));
    return cudaSuccess;
  });
}

CUresult cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp* properties,
                                                CUmemGenericAllocationHandle handle) {
  return Call([&]() -> Error {
    const std::shared_ptr<Physical> physical = VirtualMemory::Get().handles.Find(HandleAddress(handle));
    if (properties == nullptr || physical == nullptr) return cudaErrorInvalidValue;
    *properties = CUmemAllocationProp();
    properties->type = CU_MEM_ALLOCATION_TYPE_PINNED;
    properties->requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
    properties->location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    properties->location.id = physical->device.index();
    return cudaSuccess;
  });
}
