#include "injector/hooks/testing/fake_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "injector/api/table.h"
#include "injector/hooks/os.h"
#include "injector/hooks/run.h"
#include "injector/plan/plan.h"

namespace rankle::hooks {
namespace {

FakeProcess* g_process = nullptr;

ncclResult_t RealAllReduce(const void*, void*, size_t, ncclDataType_t, ncclRedOp_t, ncclComm_t,
                           cudaStream_t) {
  return g_process->real();
}

const Symbol kList[] = {{"ncclAllReduce", api::IdOf("ncclAllReduce"), api::Library::kNccl, nullptr}};
std::atomic<void*> g_real[] = {reinterpret_cast<void*>(&RealAllReduce)};

const ncclComm_t kHandle = reinterpret_cast<ncclComm_t>(uintptr_t{4096});

// An event is a number: when it was recorded last.
int* Number(cudaEvent_t event) { return reinterpret_cast<int*>(event); }

CudaCalls FakeCuda() {
  CudaCalls cuda;
  cuda.get_device = [](int* device) { return *device = 0; };
  cuda.set_device = [](int) { return 0; };
  cuda.event_create = [](cudaEvent_t* event, unsigned) {
    static std::vector<std::unique_ptr<int>> events;
    events.push_back(std::make_unique<int>(0));
    *event = reinterpret_cast<cudaEvent_t>(events.back().get());
    return 0;
  };
  cuda.event_record = [](cudaEvent_t event, cudaStream_t) {
    *Number(event) = ++TheDevice().recorded;
    return 0;
  };
  cuda.event_query = [](cudaEvent_t event) {
    if (TheDevice().error != 0) return TheDevice().error;
    return *Number(event) <= TheDevice().completed ? 0 : static_cast<int>(cudaErrorNotReady);
  };
  cuda.event_synchronize = [](cudaEvent_t) { return 0; };
  cuda.event_elapsed = [](float* ms, cudaEvent_t start, cudaEvent_t end) {
    *ms = static_cast<float>(*Number(end) - *Number(start));
    return 0;
  };
  // The stream is idle: copies and host functions run at once.
  cuda.host_alloc = [](void** memory, size_t bytes, unsigned) {
    static std::vector<std::unique_ptr<unsigned char[]>> blocks;
    blocks.push_back(std::make_unique<unsigned char[]>(bytes));
    *memory = blocks.back().get();
    return 0;
  };
  cuda.memcpy_async = [](void* to, const void* from, size_t bytes, int, cudaStream_t) {
    std::memcpy(to, from, bytes);
    return 0;
  };
  cuda.launch_host = [](cudaStream_t, void (*function)(void*), void* argument) {
    function(argument);
    return 0;
  };
  cuda.stream_create = [](cudaStream_t* stream, unsigned) {
    *stream = reinterpret_cast<cudaStream_t>(uintptr_t{64});
    return 0;
  };
  return cuda;
}

}  // namespace

const SymbolTable kSymbols = {kList, 1, g_real};

FakeDevice& TheDevice() {
  static FakeDevice device;
  return device;
}

FakeProcess::FakeProcess(const std::vector<std::string>& faults, uint32_t sample) {
  plan::Plan plan;
  for (const std::string& fault : faults) {
    const auto added = plan.AddShortForm(fault);
    EXPECT_TRUE(added.ok()) << added;
  }
  const std::string armed = plan.Arm(1);
  plan_.resize(armed.size() / 8 + 1);
  std::memcpy(plan_.data(), armed.data(), armed.size());
  static int number = 0;
  path_ = testing::TempDir() + "fake_process." + std::to_string(getpid()) + "." + std::to_string(++number) +
          ".rkl";
  TheDevice() = FakeDevice{};
  SetCudaCallsForTest(FakeCuda());
  g_process = this;
  TestSetup setup;
  setup.record_path = path_.c_str();
  setup.plan = plan_.data();
  setup.plan_bytes = armed.size();
  setup.sample = sample;
  StartForTest(setup);
  Process& process = TheProcess();
  comm_ = process.comms.Allocate();
  comm_->index = process.writer.AddComm(1, 0, 0, 8, 0, -1, "dp0", 1);
  comm_->rank = comm_->device = 0;
  comm_->size = 8;
  process.comms.Bind(kHandle, comm_);
}

FakeProcess::~FakeProcess() { unlink(path_.c_str()); }

ncclResult_t FakeProcess::AllReduce(size_t count) {
  return Intercept<api::IdOf("ncclAllReduce"), 0, ncclResult_t>(
      __builtin_return_address(0), static_cast<const void*>(send), static_cast<void*>(receive), count,
      ncclFloat32, ncclSum, kHandle, cudaStream_t{});
}

void FakeProcess::Poll() { TheProcess().times.Poll(MonotonicNs()); }

record::FlightRecord FakeProcess::Read() const {
  auto record = record::ReadFlightRecord(path_);
  EXPECT_TRUE(record.ok()) << record.status();
  return record.ok() ? *std::move(record) : record::FlightRecord{};
}

std::vector<record::Event> FakeProcess::Events(record::Kind kind) const {
  std::vector<record::Event> events;
  for (const record::Event& event : Read().events) {
    if (event.kind == kind) events.push_back(event);
  }
  return events;
}

}  // namespace rankle::hooks
