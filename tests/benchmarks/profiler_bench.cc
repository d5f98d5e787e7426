// What a step of a transfer costs inside NCCL's proxy thread: start, two states and stop, through the
// exported plugin. `RANKLE_OUT` is a temporary directory.
#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "tracer/nccl_profiler/abi_v5.h"

namespace {

namespace abi = rankle::profiler_v5;

abi::Plugin* Load() {
  static std::string directory = "/tmp/profiler-bench-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) return nullptr;
  setenv("RANKLE_OUT", directory.c_str(), 1);
  void* const library = dlopen(RANKLE_PROFILER_LIBRARY, RTLD_NOW);
  return library == nullptr ? nullptr : static_cast<abi::Plugin*>(dlsym(library, "ncclProfiler_v5"));
}

void* context = nullptr;

// Each thread is a proxy with a link of its own.
void Step(benchmark::State& state) {
  static abi::Plugin* const plugin = [] {
    abi::Plugin* const loaded = Load();
    int mask = 0;
    if (loaded != nullptr) loaded->init(&context, 1, &mask, "bench", 1, 8, 0, nullptr);
    return loaded;
  }();
  if (plugin == nullptr || context == nullptr) {
    state.SkipWithError("the plugin cannot be loaded");
    return;
  }
  abi::EventDescr op{};
  op.type = 8;
  op.proxyOp = {getpid(), 0, state.thread_index() + 1, 1, 1 << 19, 1};
  void* flow = nullptr;
  plugin->startEvent(context, &flow, &op);
  abi::EventDescr step{};
  step.type = 16, step.parentObj = flow;
  abi::StateArgs args{};
  args.proxyStep.transSize = 1 << 19;
  for (auto _ : state) {
    void* handle = nullptr;
    plugin->startEvent(context, &handle, &step);
    plugin->recordEventState(handle, 8, &args);
    plugin->recordEventState(handle, 9, &args);
    plugin->stopEvent(handle);
  }
}
BENCHMARK(Step)->Threads(1)->Threads(2);

}  // namespace

BENCHMARK_MAIN();
