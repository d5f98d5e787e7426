// Many threads in the hooks at once while the background thread polls: nothing is lost, nothing is doubled,
// and the thread sanitizer agrees.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "injector/hooks/testing/fake_process.h"

namespace rankle::hooks {
namespace {

TEST(Concurrency, ThreadsAndThePollerAgreeOnEveryOperation) {
  FakeProcess process;
  CudaCalls cuda = Cuda();
  cuda.event_record = [](cudaEvent_t, cudaStream_t) { return 0; };
  cuda.event_query = [](cudaEvent_t) { return 0; };
  cuda.event_elapsed = [](float* ms, cudaEvent_t, cudaEvent_t) {
    *ms = 1;
    return 0;
  };
  cuda.event_create = [](cudaEvent_t* event, unsigned) {
    static std::atomic<uintptr_t> next{1};
    *event = reinterpret_cast<cudaEvent_t>(next++);
    return 0;
  };
  SetCudaCallsForTest(cuda);
  constexpr int kThreads = 4, kCalls = 2000;
  std::atomic<bool> done{false};
  std::thread poller([&] {
    while (!done.load()) process.Poll();
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kCalls; ++n) process.AllReduce();
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  poller.join();
  process.Poll();
  std::set<uint32_t> numbers;
  for (const record::Event& event : process.Operations()) {
    EXPECT_EQ(event.state, record::State::kDone);
    numbers.insert(event.seq);
  }
  EXPECT_EQ(numbers.size(), size_t{kThreads * kCalls});
  EXPECT_EQ(TheProcess().times.in_flight(), 0u);
}

}  // namespace
}  // namespace rankle::hooks
