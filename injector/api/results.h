// Result codes by name, as nccl.h (ncclResult_t) and driver_types.h (cudaError_t) spell them.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rankle::api {

struct NamedResult {
  std::string_view name;
  int value;
};

std::span<const NamedResult> NcclResults();
std::span<const NamedResult> CudaResults();

// "ncclRemoteError"; "ncclResult#42" when unknown.
std::string NcclResultName(int result);
// "cudaErrorIllegalAddress (700)"; "CUDA error 12345" when unknown. The driver's CUresult has the same
// values.
std::string CudaResultName(int result);

}  // namespace rankle::api
