// A library for CUDA_INJECTION64_PATH that counts how often it was initialised, and uses CUDA while it is.
#include <cuda.h>

extern "C" {
int InitializeInjectionCalls = 0;
}

extern "C" int InitializeInjection() {
  int devices = 0;
  if (cuInit(0) == CUDA_SUCCESS && cuDeviceGetCount(&devices) == CUDA_SUCCESS && devices > 0)
    ++InitializeInjectionCalls;
  return 1;
}
