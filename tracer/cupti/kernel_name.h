// Which kernels are NCCL's, by the linkage name that CUPTI reports. Pure, C library only.
#pragma once

#include <string_view>

namespace rankle::cupti {

// The bare function name of an NCCL kernel, "ncclDevKernel_AllReduce_Sum_f32_RING_LL" for
// "_Z39ncclDevKernel_AllReduce_Sum_f32_RING_LL24ncclDevKernelArgsStorageILm4096EE"; empty when it is none.
// NCCL has called them ncclAllReduceRingLLKernel_sum_f32, ncclKernel_..., ncclDevKernel_... and, with
// symmetric memory, ncclSymDevKernel_...: a name that begins with nccl and says Kernel.
constexpr std::string_view NcclKernelName(std::string_view linkage_name) {
  std::string_view name = linkage_name;
  if (name.starts_with("_Z")) {
    size_t at = 2, length = 0;
    for (; at < name.size() && name[at] >= '0' && name[at] <= '9' && length < 10'000; ++at)
      length = length * 10 + static_cast<size_t>(name[at] - '0');
    name = name.substr(at, length);
  } else {
    name = name.substr(0, name.find('('));  // demangled
  }
  return name.starts_with("nccl") && name.find("Kernel") != std::string_view::npos ? name
                                                                                   : std::string_view();
}

}  // namespace rankle::cupti
