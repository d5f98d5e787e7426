// A header that clang is made to include before every CUDA unit, so that it can parse .cu files as host code
// against the headers of CUDA 12 and 13: device intrinsics are declared, never defined.
#pragma once

namespace rankle::tooling {

// The header exists only inside the parser, under this name.
inline constexpr char kCudaHostShimPath[] = "/rankle-builtin/cuda_host_shim.h";
extern const char* const kCudaHostShim;

}  // namespace rankle::tooling
