// Memory and events between processes.
#include "virtual_gpu/engine/ipc.h"

#include "virtual_gpu/runtime/call.h"

using namespace rankle::vgpu;
using runtime::DeviceCall;

cudaError_t cudaIpcGetMemHandle(cudaIpcMemHandle_t* handle, void* pointer) {
  return DeviceCall([&](Device&) { return IpcExportMemory(pointer, handle); });
}

cudaError_t cudaIpcOpenMemHandle(void** pointer, cudaIpcMemHandle_t handle, unsigned) {
  return DeviceCall([&](Device& device) { return IpcOpenMemory(device, handle, pointer); });
}

cudaError_t cudaIpcCloseMemHandle(void* pointer) {
  return DeviceCall([&](Device&) { return IpcCloseMemory(pointer); });
}

cudaError_t cudaIpcGetEventHandle(cudaIpcEventHandle_t* handle, cudaEvent_t event) {
  return DeviceCall([&](Device&) { return IpcExportEvent(event, handle); });
}

cudaError_t cudaIpcOpenEventHandle(cudaEvent_t* event, cudaIpcEventHandle_t handle) {
  return DeviceCall([&](Device& device) { return IpcOpenEvent(device, handle, event); });
}
