// __device__ and __managed__ variables that the program's fat binaries registered.
#pragma once

#include <cstddef>

#include "virtual_gpu/engine/device.h"

namespace rankle::vgpu::runtime {

// The variable's memory on this device, allocated at its first use.
Error FindSymbol(Device& device, const void* symbol, void** address, size_t* bytes);

// The device was reset: its variables are gone until they are used again.
void ForgetSymbols(const Device& device);

}  // namespace rankle::vgpu::runtime
