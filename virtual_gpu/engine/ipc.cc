#include "virtual_gpu/engine/ipc.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>

#include "virtual_gpu/engine/engine.h"
#include "virtual_gpu/engine/event.h"
#include "virtual_gpu/engine/memory.h"

namespace rankle::vgpu {
namespace {

constexpr uint32_t kMemoryMagic = 0x6d6b6e72;
constexpr uint32_t kEventMagic = 0x656b6e72;

struct MemoryHandle {
  uint32_t magic;
  int32_t pid;
  int32_t fd;
  uint32_t reserved;
  uint64_t inode;  // of the owner's file: a recycled pid or descriptor is not mistaken for it
  uint64_t offset;
  uint64_t bytes;
};
static_assert(sizeof(MemoryHandle) <= sizeof(cudaIpcMemHandle_t));

struct EventHandle {
  uint32_t magic;
  int32_t pid;
  int32_t fd;
  uint32_t flags;
  uint64_t nonce;
};
static_assert(sizeof(EventHandle) <= sizeof(cudaIpcEventHandle_t));

template <typename Public, typename Private>
void Pack(const Private& value, Public* handle) {
  memset(handle, 0, sizeof(*handle));
  memcpy(handle, &value, sizeof(value));
}

template <typename Private, typename Public>
Private Unpack(const Public& handle) {
  Private value;
  memcpy(&value, &handle, sizeof(value));
  return value;
}

// Opened handles: opening one twice gives the same address.
struct Opened {
  void* base;  // of the mapping
  size_t mapped_bytes;
  void* pointer;
  int references;
};
struct OpenedMemory {
  std::mutex mutex;
  std::map<std::pair<uint64_t, uint64_t>, Opened> by_source;  // (inode, offset)

  static OpenedMemory& Get() {
    static OpenedMemory* opened = new OpenedMemory;
    return *opened;
  }
};

void* MapForeign(const MemoryHandle& handle, size_t start, size_t bytes) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/fd/%d", handle.pid, handle.fd);
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  struct stat status;
  void* base = MAP_FAILED;
  if (fstat(fd, &status) == 0 && status.st_ino == handle.inode) {
    base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd,
                static_cast<off_t>(start));
  }
  close(fd);
  return base == MAP_FAILED ? nullptr : base;
}

}  // namespace

Error IpcExportMemory(void* pointer, cudaIpcMemHandle_t* handle) {
  Allocation allocation;
  if (handle == nullptr || !FindAllocation(pointer, &allocation)) return cudaErrorInvalidValue;
  if (allocation.kind != MemoryKind::kDevice) return cudaErrorInvalidValue;
  DeviceArena& arena = allocation.device->arena();
  struct stat status;
  if (fstat(arena.fd(), &status) != 0) return cudaErrorOperatingSystem;
  MemoryHandle made = {};
  made.magic = kMemoryMagic;
  made.pid = getpid();
  made.fd = arena.fd();
  made.inode = status.st_ino;
  made.offset = arena.OffsetOf(reinterpret_cast<void*>(allocation.base));
  made.bytes = allocation.bytes;
  Pack(made, handle);
  return cudaSuccess;
}

Error IpcOpenMemory(Device& device, const cudaIpcMemHandle_t& public_handle, void** pointer) {
  const auto handle = Unpack<MemoryHandle>(public_handle);
  if (pointer == nullptr || handle.magic != kMemoryMagic) return cudaErrorInvalidValue;
  // As on a GPU, a process cannot open its own handle.
  if (handle.pid == getpid()) return cudaErrorDeviceUninitialized;
  OpenedMemory& opened = OpenedMemory::Get();
  std::unique_lock lock(opened.mutex);
  auto known = opened.by_source.find({handle.inode, handle.offset});
  if (known != opened.by_source.end()) {
    ++known->second.references;
    *pointer = known->second.pointer;
    return cudaSuccess;
  }
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t start = handle.offset / page * page;
  const size_t bytes = handle.offset - start + handle.bytes;
  void* base = MapForeign(handle, start, bytes);
  if (base == nullptr) return cudaErrorMapBufferObjectFailed;
  *pointer = static_cast<char*>(base) + (handle.offset - start);
  Allocation allocation;
  allocation.base = reinterpret_cast<uintptr_t>(*pointer);
  allocation.bytes = handle.bytes;
  allocation.kind = MemoryKind::kIpc;
  allocation.device = &device;
  AddAllocation(allocation);
  opened.by_source[{handle.inode, handle.offset}] = {base, bytes, *pointer, 1};
  return cudaSuccess;
}

Error IpcCloseMemory(void* pointer) {
  OpenedMemory& opened = OpenedMemory::Get();
  std::unique_lock lock(opened.mutex);
  for (auto entry = opened.by_source.begin(); entry != opened.by_source.end(); ++entry) {
    Opened& mapping = entry->second;
    if (mapping.pointer != pointer) continue;
    if (--mapping.references > 0) return cudaSuccess;
    Allocation allocation;
    FindAllocation(pointer, &allocation);
    const Error error = allocation.device->Synchronize();
    RemoveAllocation(pointer, &allocation);
    munmap(mapping.base, mapping.mapped_bytes);
    opened.by_source.erase(entry);
    return error;
  }
  return cudaErrorInvalidValue;
}

Error IpcExportEvent(CUevent_st* handle, cudaIpcEventHandle_t* out) {
  const std::shared_ptr<Event> event = Engine::Get().events.Find(handle);
  if (event == nullptr || out == nullptr) return cudaErrorInvalidResourceHandle;
  if (event->ipc == nullptr) return cudaErrorInvalidResourceHandle;
  Pack(EventHandle{kEventMagic, getpid(), event->ipc->fd(), event->flags(), event->ipc->nonce()}, out);
  return cudaSuccess;
}

Error IpcOpenEvent(Device& device, const cudaIpcEventHandle_t& public_handle, CUevent_st** out) {
  const auto handle = Unpack<EventHandle>(public_handle);
  if (out == nullptr || handle.magic != kEventMagic) return cudaErrorInvalidValue;
  std::shared_ptr<IpcEventPage> page = IpcEventPage::Open(handle.pid, handle.fd, handle.nonce);
  if (page == nullptr) return cudaErrorMapBufferObjectFailed;
  auto event = std::make_shared<Event>(device, handle.flags);
  event->ipc = std::move(page);
  *out = static_cast<CUevent_st*>(Engine::Get().events.Add(std::move(event)));
  return cudaSuccess;
}

}  // namespace rankle::vgpu
