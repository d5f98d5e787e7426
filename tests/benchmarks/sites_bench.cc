// What seeing call sites costs. BM_Caller* compare the ways to the frame above the caller, BM_Site is what is
// recorded of a call, in this process; BM_Call* make a call, to be run plain and under librankle-libc.so
// (tests/benchmarks/sites_overhead.sh): the difference is the price of a call.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

#include "injector/sites/call_site.h"
#include "injector/sites/testing/shapes.h"
#include "tracer/sites/recorder.h"

namespace {

namespace sites = rankle::sites;
namespace shapes = rankle::sites::testing_shapes;

void None() { benchmark::ClobberMemory(); }

[[gnu::noinline]] void ByRule() {
  const auto address = reinterpret_cast<uint64_t>(__builtin_return_address(0));
  benchmark::DoNotOptimize(
      sites::CallerOf({address, static_cast<const uint64_t*>(__builtin_frame_address(0))}));
}

[[gnu::noinline]] void ByUnwinder() {
  benchmark::DoNotOptimize(sites::UnwindCaller(reinterpret_cast<uint64_t>(__builtin_return_address(0))));
}

void BM_Caller(benchmark::State& state, shapes::Probe probe) {
  for (auto _ : state) shapes::CallFromHere(shapes::kShapes[0], probe, 1);
}
BENCHMARK_CAPTURE(BM_Caller, not_asked, None);
BENCHMARK_CAPTURE(BM_Caller, by_rule, ByRule);
BENCHMARK_CAPTURE(BM_Caller, by_unwinder, ByUnwinder);

void BM_Site(benchmark::State& state) {
  static sites::Recorder recorder;
  if (!recorder.is_open()) recorder.Create(nullptr, {}, "");
  const sites::SiteKey key{623, 0x1001, 0x1002};
  sites::Module module;
  module.path = "/bin/train";
  if (recorder.Find(key) == nullptr) recorder.Add(key, {key.address, module}, {key.caller, module});
  for (auto _ : state) {
    sites::SiteEntry* const site = recorder.Find(key);
    recorder.Entered(site, 1);
    sites::Recorder::Returned(site, {sites::OutcomeKind::kOk, 0}, 10, 1);
  }
}
BENCHMARK(BM_Site);

void BM_CallReadNothing(benchmark::State& state) {
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  char data;
  for (auto _ : state) benchmark::DoNotOptimize(read(fd, &data, 0));
  close(fd);
}
BENCHMARK(BM_CallReadNothing);

void BM_CallCloseNothing(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(close(-1));
}
BENCHMARK(BM_CallCloseNothing);

void BM_CallThrowAndCatch(benchmark::State& state) {
  for (auto _ : state) {
    try {
      throw std::runtime_error("bench");
    } catch (const std::runtime_error& error) {
      benchmark::DoNotOptimize(&error);
    }
  }
}
BENCHMARK(BM_CallThrowAndCatch);

}  // namespace

BENCHMARK_MAIN();
