// What fits nowhere else: memory hints, batched copies, channel descriptions, driver entry points.
#include <cstring>

#include "virtual_gpu/driver/entry_points.h"
#include "virtual_gpu/engine/copy.h"
#include "virtual_gpu/engine/device_facts.h"
#include "virtual_gpu/engine/memory.h"
#include "virtual_gpu/engine/submit.h"
#include "virtual_gpu/runtime/call.h"
#include "virtual_gpu/runtime/versioned.h"

using namespace rankle::vgpu;
using runtime::Call;
using runtime::DeviceCall;

// Hints about managed memory have nothing to do: it is host memory.
extern "C" cudaError_t RANKLE_V2(cudaMemAdvise)(const void* pointer, size_t bytes, cudaMemoryAdvise,
                                                cudaMemLocation) {
  return DeviceCall(
      [&](Device&) { return IsAccessible(pointer, bytes) ? cudaSuccess : cudaErrorInvalidValue; });
}

extern "C" cudaError_t RANKLE_V2(cudaMemPrefetchAsync)(const void* pointer, size_t bytes, cudaMemLocation,
                                                       unsigned, cudaStream_t stream) {
  return DeviceCall([&](Device&) -> Error {
    if (!IsAccessible(pointer, bytes)) return cudaErrorInvalidValue;
    return SubmitTo(stream, std::make_shared<Marker>());
  });
}

cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w, cudaChannelFormatKind kind) {
  return {x, y, z, w, kind};
}

cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned version,
                                             unsigned long long flags,
                                             cudaDriverEntryPointQueryResult* status) {
  return Call([&]() -> Error {
    if (name == nullptr || function == nullptr) return cudaErrorInvalidValue;
    bool known = false;
    const bool per_thread = flags == cudaEnablePerThreadDefaultStream;
    *function = FindEntryPoint(name, static_cast<int>(version), per_thread, &known);
    const auto result = *function != nullptr ? cudaDriverEntryPointSuccess
                        : known              ? cudaDriverEntryPointVersionNotSufficent
                                             : cudaDriverEntryPointSymbolNotFound;
    if (status != nullptr) *status = result;
    // Without a place for the result, the error code has to say it.
    return *function != nullptr || status != nullptr ? cudaSuccess : cudaErrorSymbolNotFound;
  });
}

extern "C" cudaError_t cudaGetDriverEntryPoint(const char* name, void** function, unsigned long long flags,
                                               cudaDriverEntryPointQueryResult* status) {
  return cudaGetDriverEntryPointByVersion(name, function, RANKLE_CUDART_VERSION, flags, status);
}
