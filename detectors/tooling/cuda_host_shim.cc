#include "detectors/tooling/cuda_host_shim.h"

namespace rankle::tooling {

const char* const kCudaHostShim = R"shim(#pragma once
#if __has_include(<cuda_runtime.h>)
#include <cuda_runtime.h>
#include <device_launch_parameters.h>
#endif
#include <algorithm>
#include <cmath>
#if __has_include(<cuda_runtime.h>)
// The target of f<<<grid, block>>>().
extern "C" unsigned __cudaPushCallConfiguration(dim3, dim3, size_t = 0, void* = nullptr);
#endif
#define RANKLE_HD __host__ __device__
RANKLE_HD void __syncthreads();
RANKLE_HD void __syncwarp(unsigned = ~0u);
RANKLE_HD void __threadfence();
RANKLE_HD void __threadfence_system();
template <class T> RANKLE_HD T __shfl_xor_sync(unsigned, T, int, int = 32);
template <class T> RANKLE_HD T __shfl_sync(unsigned, T, int, int = 32);
template <class T> RANKLE_HD T __shfl_down_sync(unsigned, T, int, int = 32);
template <class T> RANKLE_HD T __ldcs(const T*);
template <class T> RANKLE_HD T __ldcg(const T*);
template <class T> RANKLE_HD T __ldg(const T*);
template <class T> RANKLE_HD void __stcs(T*, T);
template <class T> RANKLE_HD void __stcg(T*, T);
template <class T> RANKLE_HD T atomicAdd(T*, T);
template <class T> RANKLE_HD T atomicMax(T*, T);
RANKLE_HD float rsqrtf(float);
RANKLE_HD unsigned __ballot_sync(unsigned, int);
RANKLE_HD int __any_sync(unsigned, int);
RANKLE_HD unsigned __float_as_uint(float);
RANKLE_HD float __uint_as_float(unsigned);
RANKLE_HD int __float_as_int(float);
RANKLE_HD float __int_as_float(int);
template <class A, class B> RANKLE_HD auto min(A a, B b) { return a < b ? a : b; }
template <class A, class B> RANKLE_HD auto max(A a, B b) { return a < b ? b : a; }
#undef RANKLE_HD
// The headers leave it empty without nvcc, and f<<<>>>() would be an error. Kernel bodies are skipped by the parser.
#undef __global__
#define __global__ __attribute__((global))
)shim";

}  // namespace rankle::tooling
