// The wrappers, generated: glue only. See generate.py for how, run.h for what they call, docs/hooks.md for
// the rules.
#include <cuda.h>
#include <cuda_runtime_api.h>
#include <nccl.h>

#include "injector/hooks/export.h"
#include "injector/hooks/nccl_later.h"
#include "injector/hooks/run.h"
#include "injector/hooks/symbols.h"

// Wrapping a deprecated function is no use of it.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

using rankle::hooks::Intercept;
using rankle::hooks::PassThrough;

extern "C" {
#include "injector/hooks/generated_cuda.inc"
#include "injector/hooks/generated_cudart.inc"
#include "injector/hooks/generated_nccl.inc"
}

namespace rankle::hooks {
namespace {

// Filled in by the linker, not at run time: constructors of other libraries come before ours. The prototypes
// choose among the overloads that the CUDA headers add for C++.
const Symbol kList[] = {
#include "injector/hooks/generated_symbols.inc"
};
constinit std::atomic<void*> g_real[std::size(kList)];

}  // namespace

const SymbolTable kSymbols = {kList, std::size(kList), g_real};

}  // namespace rankle::hooks
