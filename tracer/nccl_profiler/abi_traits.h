// The versions of NCCL's profiler interface as one family of types: Abi<N>::Descr, ::Args and ::Plugin.
// Shared by the plugin, which exports all versions, and by the virtual NCCL, which calls them.
#pragma once

#include "tracer/nccl_profiler/abi_v1.h"
#include "tracer/nccl_profiler/abi_v2.h"
#include "tracer/nccl_profiler/abi_v3.h"
#include "tracer/nccl_profiler/abi_v4.h"
#include "tracer/nccl_profiler/abi_v5.h"
#include "tracer/nccl_profiler/abi_v6.h"

namespace rankle::profiler {

template <int kVersion>
struct Abi;

#define RANKLE_PROFILER_ABI(version)               \
  template <>                                      \
  struct Abi<version> {                            \
    using Descr = profiler_v##version::EventDescr; \
    using Args = profiler_v##version::StateArgs;   \
    using Plugin = profiler_v##version::Plugin;    \
  }
RANKLE_PROFILER_ABI(1);
RANKLE_PROFILER_ABI(2);
RANKLE_PROFILER_ABI(3);
RANKLE_PROFILER_ABI(4);
RANKLE_PROFILER_ABI(5);
RANKLE_PROFILER_ABI(6);
#undef RANKLE_PROFILER_ABI

}  // namespace rankle::profiler
