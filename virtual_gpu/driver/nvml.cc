// libnvidia-ml.so.1: what NCCL, PyTorch and nvidia-smi-like tools ask for at start. Knows all GPUs of the
// machine, whatever CUDA_VISIBLE_DEVICES says, as the real library does. Stands alone: it neither needs nor
// starts the engine.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "virtual_gpu/engine/device_facts.h"
#include "virtual_gpu/engine/settings.h"

namespace {

// The few types of nvml.h that are needed here; its numbers are its ABI.
enum NvmlReturn {
  kSuccess = 0,
  kUninitialized = 1,
  kInvalidArgument = 2,
  kNotSupported = 3,
  kNotFound = 6,
  kInsufficientSize = 7,
};

struct NvmlDevice {
  int index;
  std::string uuid;
};
using NvmlDeviceHandle = NvmlDevice*;

struct NvmlMemory {
  unsigned long long total, free, used;
};

struct NvmlMemoryV2 {
  unsigned version;
  unsigned long long total, reserved, free, used;
};

struct NvmlPciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};

std::vector<NvmlDevice>* g_devices = nullptr;

std::vector<NvmlDevice>* ReadDevices() {
  auto* devices = new std::vector<NvmlDevice>;
  const int count = rankle::vgpu::PhysicalDeviceCount();
  for (int i = 0; i < count; ++i) devices->push_back({i, rankle::vgpu::DeviceUuid(i)});
  return devices;
}

NvmlReturn CopyText(const std::string& text, char* out, unsigned length) {
  if (out == nullptr) return kInvalidArgument;
  if (length <= text.size()) return kInsufficientSize;
  memcpy(out, text.c_str(), text.size() + 1);
  return kSuccess;
}

template <typename Matches>
NvmlReturn FindDevice(NvmlDeviceHandle* out, Matches matches) {
  if (g_devices == nullptr) return kUninitialized;
  if (out == nullptr) return kInvalidArgument;
  for (NvmlDevice& device : *g_devices) {
    if (!matches(device)) continue;
    *out = &device;
    return kSuccess;
  }
  return kNotFound;
}

// Checks that the library is ready and the handle is given.
NvmlReturn Ready(const NvmlDevice* device) {
  if (g_devices == nullptr) return kUninitialized;
  return device == nullptr ? kInvalidArgument : kSuccess;
}

template <typename Value>
NvmlReturn Answer(const NvmlDevice* device, Value* out, Value value) {
  if (const NvmlReturn state = Ready(device)) return state;
  if (out == nullptr) return kInvalidArgument;
  *out = value;
  return kSuccess;
}

unsigned Bus(const NvmlDevice& device) {
  return static_cast<unsigned>(rankle::vgpu::kFirstPciBus + device.index);
}

}  // namespace

extern "C" {

NvmlReturn nvmlInit_v2() {
  if (g_devices == nullptr) g_devices = ReadDevices();
  return kSuccess;
}
NvmlReturn nvmlInit() { return nvmlInit_v2(); }
NvmlReturn nvmlInitWithFlags(unsigned) { return nvmlInit_v2(); }
// Handles stay valid: others in the process may still use the library.
NvmlReturn nvmlShutdown() { return g_devices == nullptr ? kUninitialized : kSuccess; }

const char* nvmlErrorString(NvmlReturn result) {
  switch (result) {
    case kSuccess:
      return "Success";
    case kUninitialized:
      return "Uninitialized";
    case kInvalidArgument:
      return "Invalid Argument";
    case kNotSupported:
      return "Not Supported";
    case kNotFound:
      return "Not Found";
    case kInsufficientSize:
      return "Insufficient Size";
  }
  return "Unknown Error";
}

NvmlReturn nvmlSystemGetDriverVersion(char* text, unsigned length) {
  return CopyText("580.65.06", text, length);
}
NvmlReturn nvmlSystemGetNVMLVersion(char* text, unsigned length) {
  return CopyText("13.580.65.06", text, length);
}
NvmlReturn nvmlSystemGetCudaDriverVersion(int* version) {
  if (version == nullptr) return kInvalidArgument;
  *version = rankle::vgpu::kDriverVersion;
  return kSuccess;
}
NvmlReturn nvmlSystemGetCudaDriverVersion_v2(int* version) { return nvmlSystemGetCudaDriverVersion(version); }

NvmlReturn nvmlDeviceGetCount_v2(unsigned* count) {
  if (g_devices == nullptr) return kUninitialized;
  if (count == nullptr) return kInvalidArgument;
  *count = static_cast<unsigned>(g_devices->size());
  return kSuccess;
}
NvmlReturn nvmlDeviceGetCount(unsigned* count) { return nvmlDeviceGetCount_v2(count); }

NvmlReturn nvmlDeviceGetHandleByIndex_v2(unsigned index, NvmlDeviceHandle* device) {
  return FindDevice(device, [&](const NvmlDevice& d) { return static_cast<unsigned>(d.index) == index; });
}
NvmlReturn nvmlDeviceGetHandleByIndex(unsigned index, NvmlDeviceHandle* device) {
  return nvmlDeviceGetHandleByIndex_v2(index, device);
}

NvmlReturn nvmlDeviceGetHandleByUUID(const char* uuid, NvmlDeviceHandle* device) {
  if (uuid == nullptr) return kInvalidArgument;
  return FindDevice(device, [&](const NvmlDevice& d) { return d.uuid == uuid; });
}

NvmlReturn nvmlDeviceGetHandleByPciBusId_v2(const char* text, NvmlDeviceHandle* device) {
  unsigned domain = 0, bus = 0;
  if (text == nullptr || sscanf(text, "%x:%x:", &domain, &bus) != 2) return kInvalidArgument;
  return FindDevice(device, [&](const NvmlDevice& d) { return Bus(d) == bus; });
}
NvmlReturn nvmlDeviceGetHandleByPciBusId(const char* text, NvmlDeviceHandle* device) {
  return nvmlDeviceGetHandleByPciBusId_v2(text, device);
}

NvmlReturn nvmlDeviceGetIndex(NvmlDeviceHandle device, unsigned* index) {
  if (const NvmlReturn state = Ready(device)) return state;
  return Answer(device, index, static_cast<unsigned>(device->index));
}
NvmlReturn nvmlDeviceGetMinorNumber(NvmlDeviceHandle device, unsigned* minor) {
  return nvmlDeviceGetIndex(device, minor);
}

NvmlReturn nvmlDeviceGetName(NvmlDeviceHandle device, char* name, unsigned length) {
  if (const NvmlReturn state = Ready(device)) return state;
  return CopyText(rankle::vgpu::kDeviceName, name, length);
}

NvmlReturn nvmlDeviceGetUUID(NvmlDeviceHandle device, char* uuid, unsigned length) {
  if (const NvmlReturn state = Ready(device)) return state;
  return CopyText(device->uuid, uuid, length);
}

// Another process' use of a GPU is not known here: all of it counts as free.
NvmlReturn nvmlDeviceGetMemoryInfo(NvmlDeviceHandle device, NvmlMemory* memory) {
  const unsigned long long total = rankle::vgpu::SettingsFromEnvironment().memory_bytes;
  return Answer(device, memory, NvmlMemory{total, total, 0});
}
NvmlReturn nvmlDeviceGetMemoryInfo_v2(NvmlDeviceHandle device, NvmlMemoryV2* memory) {
  const unsigned long long total = rankle::vgpu::SettingsFromEnvironment().memory_bytes;
  if (memory == nullptr) return kInvalidArgument;
  return Answer(device, memory, NvmlMemoryV2{memory->version, total, 0, total, 0});
}

NvmlReturn nvmlDeviceGetPciInfo_v3(NvmlDeviceHandle device, NvmlPciInfo* pci) {
  if (const NvmlReturn state = Ready(device)) return state;
  if (pci == nullptr) return kInvalidArgument;
  memset(pci, 0, sizeof(*pci));
  pci->bus = Bus(*device);
  pci->pci_device_id = 0x233010de;
  snprintf(pci->bus_id, sizeof(pci->bus_id), "%08x:%02x:00.0", pci->domain, pci->bus);
  snprintf(pci->bus_id_legacy, sizeof(pci->bus_id_legacy), "%04x:%02x:00.0", pci->domain, pci->bus);
  return kSuccess;
}
NvmlReturn nvmlDeviceGetPciInfo_v2(NvmlDeviceHandle device, NvmlPciInfo* pci) {
  return nvmlDeviceGetPciInfo_v3(device, pci);
}
NvmlReturn nvmlDeviceGetPciInfo(NvmlDeviceHandle device, NvmlPciInfo* pci) {
  return nvmlDeviceGetPciInfo_v3(device, pci);
}

NvmlReturn nvmlDeviceGetCudaComputeCapability(NvmlDeviceHandle device, int* major, int* minor) {
  if (const NvmlReturn error = Answer(device, major, rankle::vgpu::kComputeMajor)) return error;
  return Answer(device, minor, rankle::vgpu::kComputeMinor);
}

NvmlReturn nvmlDeviceGetP2PStatus(NvmlDeviceHandle device, NvmlDeviceHandle peer, int, int* status) {
  if (peer == nullptr) return kInvalidArgument;
  return Answer(device, status, 0);  // NVML_P2P_STATUS_OK
}

NvmlReturn nvmlDeviceGetTopologyCommonAncestor(NvmlDeviceHandle device, NvmlDeviceHandle peer, int* level) {
  if (peer == nullptr) return kInvalidArgument;
  return Answer(device, level, 40);  // NVML_TOPOLOGY_NODE
}

// Processes are not tracked: none uses the GPU.
NvmlReturn nvmlDeviceGetComputeRunningProcesses(NvmlDeviceHandle device, unsigned* count, void*) {
  return Answer(device, count, 0u);
}
NvmlReturn nvmlDeviceGetComputeRunningProcesses_v2(NvmlDeviceHandle device, unsigned* count, void*) {
  return Answer(device, count, 0u);
}
NvmlReturn nvmlDeviceGetComputeRunningProcesses_v3(NvmlDeviceHandle device, unsigned* count, void*) {
  return Answer(device, count, 0u);
}

// No NVLink: peers are reached over PCI.
NvmlReturn nvmlDeviceGetNvLinkState(NvmlDeviceHandle, unsigned, int*) { return kNotSupported; }
NvmlReturn nvmlDeviceGetNvLinkRemotePciInfo_v2(NvmlDeviceHandle, unsigned, NvmlPciInfo*) {
  return kNotSupported;
}
NvmlReturn nvmlDeviceGetNvLinkRemoteDeviceType(NvmlDeviceHandle, unsigned, int*) { return kNotSupported; }
NvmlReturn nvmlDeviceGetNvLinkCapability(NvmlDeviceHandle, unsigned, int, unsigned*) { return kNotSupported; }
NvmlReturn nvmlDeviceGetFieldValues(NvmlDeviceHandle, int, void*) { return kNotSupported; }
NvmlReturn nvmlDeviceGetGpuFabricInfo(NvmlDeviceHandle, void*) { return kNotSupported; }
NvmlReturn nvmlDeviceGetGpuFabricInfoV(NvmlDeviceHandle, void*) { return kNotSupported; }
NvmlReturn nvmlSystemGetConfComputeState(void*) { return kNotSupported; }

}  // extern "C"
