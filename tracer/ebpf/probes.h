// Which functions of NCCL and CUDA are probed in attached processes, and what the kernel side must know of
// each.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "injector/api/api.h"
#include "tracer/ebpf/wire.h"

namespace rankle::ebpf {

// What the tracer needs: operations, groups, the life of communicators, calls that may wait on the host.
// Calls that only enqueue (kernel launches, asynchronous copies) leave no record with the hooks either, and
// are the most frequent: they are left alone, unless a fault is aimed at them.
bool IsTraced(const api::ApiInfo& info);

// The function that a symbol is, in a file that brings NCCL or CUDA; nullptr when rankle does not know it.
const api::ApiInfo* ApiOfSymbol(std::string_view symbol);

rankle_cookie CookieOf(const api::ApiInfo& info);
rankle_api_faults ArgumentsForFaults(const api::ApiInfo& info);

}  // namespace rankle::ebpf
