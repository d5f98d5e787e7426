// The engine's one error type. CUresult and cudaError_t share their numbers for every condition the engine
// reports, so the driver's entry points cast and the runtime's return it as it is.
#pragma once

#include <driver_types.h>

namespace rankle::vgpu {

using Error = cudaError_t;

}  // namespace rankle::vgpu
