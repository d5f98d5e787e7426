// CUDA's own way into a process for profilers: the library that CUDA_INJECTION64_PATH names.
#pragma once

namespace rankle::vgpu {

// Loads it and calls its InitializeInjection, as the driver does when it is initialised: the first call, the
// others do nothing. May be called again by the injection itself, which then finds CUDA initialised.
void LoadInjectionOnce();

}  // namespace rankle::vgpu
