#include "injector/hooks/cuda_calls.h"

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "injector/hooks/symbols.h"

namespace rankle::hooks {
namespace {

// Programs without any CUDA library to ask: not worth looking for on every call.
constexpr int kMaxTries = 64;

CudaCalls g_calls;
const CudaCalls kNothing;
pthread_mutex_t g_mutex = PTHREAD_MUTEX_INITIALIZER;
std::atomic<int> g_tries{0};
std::atomic<bool> g_resolved{false};
bool g_are_the_drivers = false;

template <typename Function>
void Find(Function& function, api::Library library, const char* name, const char* older_name = nullptr) {
  void* found = FindInLibrary(library, name);
  if (found == nullptr && older_name != nullptr) found = FindInLibrary(library, older_name);
  function = reinterpret_cast<Function>(found);
}

void FromRuntime(CudaCalls& calls) {
  constexpr auto kLibrary = api::Library::kCudaRuntime;
  Find(calls.get_device, kLibrary, "cudaGetDevice");
  Find(calls.set_device, kLibrary, "cudaSetDevice");
  Find(calls.event_create, kLibrary, "cudaEventCreateWithFlags");
  Find(calls.event_record, kLibrary, "cudaEventRecord");
  Find(calls.event_query, kLibrary, "cudaEventQuery");
  Find(calls.event_synchronize, kLibrary, "cudaEventSynchronize");
  Find(calls.event_elapsed, kLibrary, "cudaEventElapsedTime");
  Find(calls.stream_create, kLibrary, "cudaStreamCreateWithFlags");
  Find(calls.is_capturing, kLibrary, "cudaStreamIsCapturing");
  Find(calls.capture_info, kLibrary, "cudaStreamGetCaptureInfo_v2", "cudaStreamGetCaptureInfo");
  Find(calls.exchange_capture_mode, kLibrary, "cudaThreadExchangeStreamCaptureMode");
  Find(calls.launch_host, kLibrary, "cudaLaunchHostFunc");
  Find(calls.malloc, kLibrary, "cudaMalloc");
  Find(calls.host_alloc, kLibrary, "cudaHostAlloc");
  Find(calls.memcpy_async, kLibrary, "cudaMemcpyAsync");
  Find(calls.last_error, kLibrary, "cudaGetLastError");
}

int (*g_driver_copy)(unsigned long long, unsigned long long, size_t, cudaStream_t) = nullptr;

int CopyByDriver(void* to, const void* from, size_t bytes, int, cudaStream_t stream) {
  return g_driver_copy(reinterpret_cast<uintptr_t>(to), reinterpret_cast<uintptr_t>(from), bytes, stream);
}

// The driver has no notion of a current device number for all of these roles; the context of the caller
// decides.
void FromDriver(CudaCalls& calls) {
  constexpr auto kLibrary = api::Library::kCudaDriver;
  Find(calls.get_device, kLibrary, "cuCtxGetDevice");
  Find(calls.event_create, kLibrary, "cuEventCreate");
  Find(calls.event_record, kLibrary, "cuEventRecord");
  Find(calls.event_query, kLibrary, "cuEventQuery");
  Find(calls.event_synchronize, kLibrary, "cuEventSynchronize");
  Find(calls.event_elapsed, kLibrary, "cuEventElapsedTime_v2", "cuEventElapsedTime");
  Find(calls.stream_create, kLibrary, "cuStreamCreate");
  Find(calls.is_capturing, kLibrary, "cuStreamIsCapturing");
  Find(calls.capture_info, kLibrary, "cuStreamGetCaptureInfo_v2");
  Find(calls.exchange_capture_mode, kLibrary, "cuThreadExchangeStreamCaptureMode");
  Find(calls.launch_host, kLibrary, "cuLaunchHostFunc");
  Find(calls.malloc, kLibrary, "cuMemAlloc_v2");
  Find(calls.host_alloc, kLibrary, "cuMemHostAlloc");
  Find(g_driver_copy, kLibrary, "cuMemcpyAsync");
  if (g_driver_copy != nullptr) calls.memcpy_async = CopyByDriver;
}

void Resolve() {
  CudaCalls calls;
  FromRuntime(calls);
  const bool runtime = calls.has_events();
  if (!runtime) FromDriver(calls);
  if (!calls.has_events()) return;  // nothing loaded yet: look again next time
  pthread_mutex_lock(&g_mutex);
  if (!g_resolved.load(std::memory_order_relaxed)) {
    g_calls = calls;
    g_are_the_drivers = !runtime;
    g_resolved.store(true, std::memory_order_release);
  }
  pthread_mutex_unlock(&g_mutex);
}

}  // namespace

const CudaCalls& Cuda() {
  if (g_resolved.load(std::memory_order_acquire)) return g_calls;
  if (g_tries.fetch_add(1, std::memory_order_relaxed) < kMaxTries) Resolve();
  return g_resolved.load(std::memory_order_acquire) ? g_calls : kNothing;
}

bool CudaCallsAreTheDrivers() { return g_are_the_drivers; }

void SetCudaCallsForTest(const CudaCalls& calls) {
  g_calls = calls;
  g_are_the_drivers = false;
  g_resolved.store(true, std::memory_order_release);
}

}  // namespace rankle::hooks
