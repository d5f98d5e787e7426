#include "injector/ebpf/continuer.h"

#include <gtest/gtest.h>
#include <time.h>

#include <condition_variable>

namespace rankle::ebpf {
namespace {

uint64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

constexpr uint64_t kMs = 1'000'000;

// Stops as the kernel would tell them, and who was continued.
class Stops {
 public:
  Continuer::Stops Functions() {
    return {.read =
                [this](int timeout_ms, const auto& take) {
                  std::unique_lock lock(mutex_);
                  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                                    [this] { return !waiting_.empty(); });
                  for (const rankle_fault_event& event : waiting_) take(event);
                  waiting_.clear();
                },
            .length_ns = [](const rankle_fault_event& event) { return event.event.value * kMs; },
            .released = [this](uint32_t) { return released.load(); },
            .resume =
                [this](uint32_t process) {
                  const std::lock_guard lock(mutex_);
                  resumed_.push_back(process);
                  changed_.notify_all();
                },
            .now = NowNs};
  }
  void Stop(uint32_t process, uint32_t thread, uint64_t length_ms) {
    rankle_fault_event event = {};
    event.event.process = process, event.event.thread = thread, event.event.time_ns = NowNs();
    event.event.value = length_ms;
    const std::lock_guard lock(mutex_);
    waiting_.push_back(event);
    changed_.notify_all();
  }
  // Waits until so many have been continued.
  std::vector<uint32_t> WaitResumed(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [&] { return resumed_.size() >= count; });
    return resumed_;
  }
  std::atomic<bool> released{false};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<rankle_fault_event> waiting_;
  std::vector<uint32_t> resumed_;
};

TEST(Continuer, ContinuesWhenTheTimeHasCome) {
  Stops stops;
  Continuer continuer(stops.Functions());
  const uint64_t begin = NowNs();
  stops.Stop(7, 7, 60);
  EXPECT_EQ(stops.WaitResumed(1), std::vector<uint32_t>{7});
  EXPECT_GE(NowNs() - begin, 60 * kMs);
  // Told once, with the moment.
  std::optional<uint64_t> ended;
  while (!(ended = continuer.Ended(7, 7))) {
  }
  EXPECT_GE(*ended, begin + 60 * kMs);
  EXPECT_FALSE(continuer.Ended(7, 7));
}

TEST(Continuer, OfOverlappingStopsOfAProcessTheLastCounts) {
  Stops stops;
  Continuer continuer(stops.Functions());
  const uint64_t begin = NowNs();
  stops.Stop(7, 8, 150);
  stops.Stop(7, 7, 20);
  EXPECT_EQ(stops.WaitResumed(1), std::vector<uint32_t>{7});
  EXPECT_GE(NowNs() - begin, 150 * kMs);
}

TEST(Continuer, AStopWithoutAnEndLastsUntilItIsReleased) {
  Stops stops;
  Continuer continuer(stops.Functions());
  stops.Stop(7, 7, 0);
  stops.Stop(9, 9, 10);
  EXPECT_EQ(stops.WaitResumed(1), std::vector<uint32_t>{9});
  EXPECT_EQ(continuer.hanging(0), 1u);
  stops.released = true;
  EXPECT_EQ(stops.WaitResumed(2).back(), 7u);
}

TEST(Continuer, LeavesNobodyStopped) {
  Stops stops;
  {
    Continuer continuer(stops.Functions());
    stops.Stop(7, 7, 0);
    while (continuer.hanging(0) == 0) {
    }
  }
  EXPECT_EQ(stops.WaitResumed(1), std::vector<uint32_t>{7});
}

}  // namespace
}  // namespace rankle::ebpf
