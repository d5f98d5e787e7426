// What a hook costs: one NCCL call bare, traced, traced with 20 armed faults that do not match, and one
// record. The real function and the CUDA calls are fakes that do nothing, so that only our own work is
// measured. Instructions: tests/benchmarks/instructions.sh.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "injector/api/table.h"
#include "injector/hooks/allocations.h"
#include "injector/hooks/cuda_calls.h"
#include "injector/hooks/os.h"
#include "injector/hooks/run.h"
#include "injector/plan/plan.h"

namespace {

[[gnu::noinline]] ncclResult_t FakeAllReduce(const void*, void*, size_t, ncclDataType_t, ncclRedOp_t,
                                             ncclComm_t, cudaStream_t) {
  asm volatile("");  // the call itself is what is compared with
  return ncclSuccess;
}

const rankle::hooks::Symbol kList[] = {
    {"ncclAllReduce", rankle::api::IdOf("ncclAllReduce"), rankle::api::Library::kNccl, nullptr}};
std::atomic<void*> g_real[] = {reinterpret_cast<void*>(&FakeAllReduce)};

}  // namespace

namespace rankle::hooks {
const SymbolTable kSymbols = {kList, 1, g_real};
}  // namespace rankle::hooks

namespace {

namespace hooks = rankle::hooks;

hooks::CudaCalls FakeCuda() {
  hooks::CudaCalls cuda;
  cuda.get_device = [](int* device) { return *device = 0; };
  cuda.set_device = [](int) { return 0; };
  cuda.event_create = [](cudaEvent_t* event, unsigned) {
    static uintptr_t next = 1;
    *event = reinterpret_cast<cudaEvent_t>(next++);
    return 0;
  };
  cuda.event_record = [](cudaEvent_t, cudaStream_t) { return 0; };
  cuda.event_query = [](cudaEvent_t) { return 0; };
  cuda.event_synchronize = [](cudaEvent_t) { return 0; };
  cuda.event_elapsed = [](float* ms, cudaEvent_t, cudaEvent_t) {
    *ms = 0;
    return 0;
  };
  cuda.stream_create = [](cudaStream_t* stream, unsigned) {
    *stream = reinterpret_cast<cudaStream_t>(uintptr_t{64});
    return 0;
  };
  return cuda;
}

// A traced process with a communicator and, perhaps, faults.
class TracedProcess {
 public:
  explicit TracedProcess(int faults) {
    rankle::plan::Plan plan;
    for (int i = 0; i < faults; ++i) {
      const std::string fault = "delay ncclAllReduce rank=" + std::to_string(7 + i) + " call=100.. time=1ms";
      if (!plan.AddShortForm(fault).ok()) std::abort();
    }
    const std::string armed = plan.Arm(1);
    plan_.resize(armed.size() / 8 + 1);
    armed.copy(reinterpret_cast<char*>(plan_.data()), armed.size());
    path_ = "/tmp/hook_bench." + std::to_string(getpid()) + ".rkl";
    hooks::SetCudaCallsForTest(FakeCuda());
    hooks::TestSetup setup;
    setup.record_path = path_.c_str();
    setup.plan = plan_.data();
    setup.plan_bytes = armed.size();
    hooks::StartForTest(setup);
    hooks::Process& process = hooks::TheProcess();
    hooks::Comm* comm = process.comms.Allocate();
    comm->index = process.writer.AddComm(1, 0, 0, 8, 0, -1, "dp0", 1);
    comm->rank = comm->device = 0;
    comm->size = 8;
    process.comms.Bind(handle(), comm);
  }
  ~TracedProcess() { unlink(path_.c_str()); }

  static ncclComm_t handle() { return reinterpret_cast<ncclComm_t>(uintptr_t{4096}); }

 private:
  std::vector<uint64_t> plan_;
  std::string path_;
};

float g_buffer[16];

ncclResult_t HookedAllReduce() {
  return hooks::Intercept<rankle::api::IdOf("ncclAllReduce"), 0, ncclResult_t>(
      __builtin_return_address(0), static_cast<const void*>(g_buffer), static_cast<void*>(g_buffer),
      size_t{16}, ncclFloat32, ncclSum, TracedProcess::handle(), cudaStream_t{});
}

void BM_BareCall(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        FakeAllReduce(g_buffer, g_buffer, 16, ncclFloat32, ncclSum, TracedProcess::handle(), cudaStream_t{}));
  }
}
BENCHMARK(BM_BareCall);

// Device memory among which the buffers of calls are looked up: theirs lies in the middle.
void Allocate(int allocations) {
  constexpr uintptr_t kApart = 1 << 21;
  for (int i = 0; i < allocations; ++i) {
    const uintptr_t distance = static_cast<uintptr_t>(i / 2) * kApart;
    const auto middle = reinterpret_cast<uintptr_t>(g_buffer);
    hooks::TheAllocations().Add(reinterpret_cast<void*>(i % 2 == 0 ? middle - distance : middle + distance),
                                sizeof(g_buffer));
  }
}

// The background thread's work is done between the measured stretches, as on a machine with a core to spare.
void RunTraced(benchmark::State& state, int faults, int allocations = 0) {
  const TracedProcess traced(faults);
  Allocate(allocations);
  uint32_t until_poll = 4096;
  for (auto _ : state) {
    benchmark::DoNotOptimize(HookedAllReduce());
    if (--until_poll == 0) {
      state.PauseTiming();
      hooks::TheProcess().times.Poll(hooks::MonotonicNs());
      until_poll = 4096;
      state.ResumeTiming();
    }
  }
}
void BM_TracedCall(benchmark::State& state) { RunTraced(state, 0); }
BENCHMARK(BM_TracedCall);
void BM_TracedCallAmong1000Allocations(benchmark::State& state) { RunTraced(state, 0, 1000); }
BENCHMARK(BM_TracedCallAmong1000Allocations);
void BM_TracedCallWith20Faults(benchmark::State& state) { RunTraced(state, 20); }
BENCHMARK(BM_TracedCallWith20Faults);

void BM_OneRecord(benchmark::State& state) {
  const TracedProcess traced(0);
  rankle::record::NewRecord record;
  record.kind = rankle::record::Kind::kCall;
  for (auto _ : state) hooks::TheProcess().writer.Write(record);
}
BENCHMARK(BM_OneRecord);

}  // namespace

int main(int count, char** arguments) {
  // `hook_bench calls N`: N traced calls and nothing else, for counting instructions.
  if (count == 3 && std::string(arguments[1]) == "calls") {
    const TracedProcess traced(0);
    for (long i = std::atol(arguments[2]); i > 0; --i) {
      HookedAllReduce();
      if (i % 4096 == 0) hooks::TheProcess().times.Poll(hooks::MonotonicNs());
    }
    return 0;
  }
  benchmark::Initialize(&count, arguments);
  benchmark::RunSpecifiedBenchmarks();
}
