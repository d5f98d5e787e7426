// A process for unit tests of the hooks' logic: a fake ncclAllReduce behind a real hook, fake CUDA events
// that complete when the test says so, a flight record in a temporary file, and a plan from short forms.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "injector/hooks/call.h"
#include "injector/hooks/cuda_calls.h"
#include "injector/hooks/process.h"
#include "tracer/record/reader.h"

namespace rankle::hooks {

// The fake device: one stream whose events complete up to `completed`. Event n was recorded at n
// milliseconds.
struct FakeDevice {
  int recorded = 0;
  int completed = 1 << 30;
  int error = 0;  // what queries answer instead
};
FakeDevice& TheDevice();

class FakeProcess {
 public:
  // `sample`: every n-th operation's data is sampled, 0 = none.
  explicit FakeProcess(const std::vector<std::string>& faults = {}, uint32_t sample = 0);
  ~FakeProcess();
  FakeProcess(const FakeProcess&) = delete;
  FakeProcess& operator=(const FakeProcess&) = delete;

  // Called in place of the real ncclAllReduce.
  std::function<ncclResult_t()> real = [] { return ncclSuccess; };
  // The program's call, through the hook, from `send` to `receive`.
  ncclResult_t AllReduce(size_t count = 16);
  float send[16] = {}, receive[16] = {};
  Comm* comm() const { return comm_; }
  void Poll();
  // What a reader sees now.
  record::FlightRecord Read() const;
  std::vector<record::Event> Events(record::Kind kind) const;
  std::vector<record::Event> Operations() const { return Events(record::Kind::kOperation); }

 private:
  std::vector<uint64_t> plan_;
  std::string path_;
  Comm* comm_ = nullptr;
};

}  // namespace rankle::hooks
