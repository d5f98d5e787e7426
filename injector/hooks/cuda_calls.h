// The CUDA functions that the hooks call themselves, always the real ones and never through a wrapper. From
// the runtime where it is a shared library; else from the driver, whose functions of the same roles take the
// same arguments. Tests put fakes here.
#pragma once

#include <cuda_runtime_api.h>

namespace rankle::hooks {

struct CudaCalls {
  int (*get_device)(int*) = nullptr;
  int (*set_device)(int) = nullptr;
  int (*event_create)(cudaEvent_t*, unsigned) = nullptr;
  int (*event_record)(cudaEvent_t, cudaStream_t) = nullptr;
  int (*event_query)(cudaEvent_t) = nullptr;
  int (*event_synchronize)(cudaEvent_t) = nullptr;
  int (*event_elapsed)(float*, cudaEvent_t, cudaEvent_t) = nullptr;
  int (*stream_create)(cudaStream_t*, unsigned) = nullptr;
  int (*is_capturing)(cudaStream_t, int*) = nullptr;
  // (stream, status, id, graph, dependencies, edges, how many): older runtimes read only the first arguments.
  int (*capture_info)(cudaStream_t, int*, unsigned long long*, void*, void*, void*, void*) = nullptr;
  int (*exchange_capture_mode)(int*) = nullptr;
  int (*launch_host)(cudaStream_t, void (*)(void*), void*) = nullptr;
  int (*malloc)(void**, size_t) = nullptr;
  int (*host_alloc)(void**, size_t, unsigned) = nullptr;
  // Kinds as in cudaMemcpyKind; the driver's version infers them.
  int (*memcpy_async)(void*, const void*, size_t, int, cudaStream_t) = nullptr;
  int (*last_error)() = nullptr;

  bool has_events() const {
    return event_create && event_record && event_query && event_elapsed && event_synchronize;
  }
};

// Resolved on first use, once the libraries are there; empty before.
const CudaCalls& Cuda();
// For tests: from now on Cuda() gives these.
void SetCudaCallsForTest(const CudaCalls& calls);
// Are these the driver's functions, because the runtime is linked statically into the program? Then captures
// can begin unseen and streams have to be asked.
bool CudaCallsAreTheDrivers();

}  // namespace rankle::hooks
