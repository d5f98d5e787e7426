// Sharing device memory and events between processes of a host. A handle names the owner's file descriptor of
// the device's arena (or of the event's page): nothing is left behind when processes die, and an opened
// mapping stays valid after its owner is gone.
#pragma once

#include <cuda_runtime_api.h>

#include "virtual_gpu/engine/device.h"
#include "virtual_gpu/engine/error.h"

namespace rankle::vgpu {

Error IpcExportMemory(void* pointer, cudaIpcMemHandle_t* handle);
Error IpcOpenMemory(Device& device, const cudaIpcMemHandle_t& handle, void** pointer);
Error IpcCloseMemory(void* pointer);

Error IpcExportEvent(CUevent_st* event, cudaIpcEventHandle_t* handle);
Error IpcOpenEvent(Device& device, const cudaIpcEventHandle_t& handle, CUevent_st** event);

}  // namespace rankle::vgpu
