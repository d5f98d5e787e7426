#include "analyzer/import/kernels/kernel_name.h"

#include <algorithm>

namespace rankle::import {
namespace {

struct Carries {
  std::string_view kernel, operation;
};
// NCCL's own names; gathers, scatters and all-to-alls are sends and receives there.
constexpr Carries kCarries[] = {
    {"AllReduce", "AllReduce"}, {"AllGather", "AllGather"}, {"ReduceScatter", "ReduceScatter"},
    {"Reduce", "Reduce"},       {"Broadcast", "Broadcast"}, {"Broadcast", "Bcast"},
    {"SendRecv", "Send"},       {"SendRecv", "Recv"},       {"SendRecv", "AlltoAll"},
    {"SendRecv", "Gather"},     {"SendRecv", "Scatter"},
};

}  // namespace

std::string_view FunctionOfKernel(std::string_view kernel) {
  constexpr std::string_view kBefore = "Kernel_";
  const size_t at = kernel.find(kBefore);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = kernel.substr(at + kBefore.size());
  const std::string_view function = rest.substr(0, rest.find('_'));
  const bool known = std::any_of(std::begin(kCarries), std::end(kCarries),
                                 [&](const Carries& c) { return c.kernel == function; });
  return known ? function : std::string_view();
}

bool KernelMayBe(std::string_view kernel, std::string_view operation) {
  const std::string_view function = FunctionOfKernel(kernel);
  return function.empty() || std::any_of(std::begin(kCarries), std::end(kCarries), [&](const Carries& c) {
           return c.kernel == function && c.operation == operation;
         });
}

}  // namespace rankle::import
