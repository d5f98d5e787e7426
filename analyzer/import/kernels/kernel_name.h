// What the name of an NCCL kernel says of the operation that it carries. Pure.
#pragma once

#include <string_view>

namespace rankle::import {

// "AllReduce" of "ncclDevKernel_AllReduce_Sum_f32_RING_LL"; empty where the name does not say it.
std::string_view FunctionOfKernel(std::string_view kernel);

// Can a kernel of that name carry this operation ("AllReduce", as store::OperationName has it)? A name that
// does not tell (ncclDevKernel_Generic, kernels of other versions) can carry all.
// Function only: NCCL runs many algorithms, protocols and types in one kernel that is named after one of
// them.
bool KernelMayBe(std::string_view kernel, std::string_view operation);

}  // namespace rankle::import
