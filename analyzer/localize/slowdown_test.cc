#include "analyzer/localize/slowdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace rankle::localize {
namespace {

constexpr int64_t kMs = 1'000'000;

// A job of marked steps, told to the tracker as a watcher would: every half second the newest 64 steps.
class WatchedJob {
 public:
  std::vector<PaceCall> calls;

  // Runs `steps` steps that take length_ms(step) each.
  void Run(int steps, const std::function<double(int)>& length_ms, double elements = 1000,
           uint64_t kind = 1) {
    for (int i = 0; i < steps; ++i) {
      const auto length = static_cast<int64_t>(length_ms(i) * kMs);
      steps_[kind].push_back({.number = ++number_,
                              .begin = now_,
                              .length_ns = length,
                              .communication_ns = 0,
                              .elements = elements});
      now_ += length;
      if (now_ < next_look_) continue;
      next_look_ = now_ + 500 * kMs;
      Look();
    }
  }
  void Run(int steps, double length_ms) {
    Run(steps, [=](int) { return length_ms; });
  }
  int64_t now() const { return now_; }

 private:
  void Look() {
    std::vector<IterationSeries> window;
    for (const auto& [kind, all] : steps_) {
      IterationSeries series;
      series.ranks = {0, 1}, series.by_steps = true, series.kind = kind;
      series.iterations.assign(all.end() - static_cast<std::ptrdiff_t>(std::min<size_t>(all.size(), 64)),
                               all.end());
      window.push_back(series);
    }
    for (const PaceCall& call : tracker_.Observe(window)) calls.push_back(call);
  }
  SlowdownTracker tracker_;
  std::map<uint64_t, std::vector<Iteration>> steps_;
  int64_t number_ = 0, now_ = 1, next_look_ = 0;
};

TEST(SlowdownTracker, ThreeSlowStepsOfASecondAreCalledWithTheirBeginning) {
  WatchedJob job;
  job.Run(20, 1000);
  const int64_t since = job.now();
  job.Run(2, 1500);
  EXPECT_THAT(job.calls, ::testing::IsEmpty());
  job.Run(1, 1500);
  ASSERT_EQ(job.calls.size(), 1u);
  const PaceCall& call = job.calls[0];
  EXPECT_TRUE(call.slower);
  EXPECT_EQ(call.since, since);
  EXPECT_EQ(call.first_iteration, 21);
  EXPECT_EQ(call.iterations, 3);
  EXPECT_EQ(call.usual_ns, 1000 * kMs);
  EXPECT_EQ(call.now_ns, 1500 * kMs);
}

TEST(SlowdownTracker, ShortStepsMustStaySlowForThreeSeconds) {
  WatchedJob job;
  job.Run(500, 10);
  job.Run(100, 20);  // 2 s
  job.Run(500, 10);
  EXPECT_THAT(job.calls, ::testing::IsEmpty());
  job.Run(200, 20);
  ASSERT_EQ(job.calls.size(), 1u);
  EXPECT_EQ(job.calls[0].first_iteration, 1101);
}

TEST(SlowdownTracker, TheReturnToTheUsualPaceIsCalledOnce) {
  WatchedJob job;
  job.Run(200, 50);
  job.Run(200, 100);
  job.Run(200, 50);
  ASSERT_EQ(job.calls.size(), 2u);
  EXPECT_TRUE(job.calls[0].slower);
  EXPECT_FALSE(job.calls[1].slower);
  EXPECT_EQ(job.calls[0].first_iteration, 201);
  EXPECT_EQ(job.calls[1].first_iteration, 401);
  EXPECT_EQ(job.calls[1].now_ns, 50 * kMs);
}

TEST(SlowdownTracker, AWarmUpThatGetsFasterIsNoSlowdown) {
  WatchedJob job;
  job.Run(300, [](int step) { return step < 20 ? 400.0 - 15 * step : 100.0; });
  EXPECT_THAT(job.calls, ::testing::IsEmpty());
}

TEST(SlowdownTracker, ACheckpointEveryFewStepsIsNoSlowdown) {
  for (const int every : {2, 3, 10, 50}) {
    WatchedJob job;
    job.Run(400, [=](int step) { return step % every == every - 1 ? 900.0 : 100.0; });
    EXPECT_THAT(job.calls, ::testing::IsEmpty()) << every;
  }
}

TEST(SlowdownTracker, AnEvaluationPhaseIsAPaceOfItsOwn) {
  WatchedJob job;
  for (int epoch = 0; epoch < 5; ++epoch) {
    job.Run(100, [](int) { return 50.0; });
    job.Run(
        40, [](int) { return 300.0; }, 10, /*kind=*/2);
  }
  EXPECT_THAT(job.calls, ::testing::IsEmpty());
}

TEST(SlowdownTracker, StepsThatCommunicateMoreAreNoSlowdown) {
  WatchedJob job;
  job.Run(
      100, [](int) { return 100.0; }, 1000);
  job.Run(
      100, [](int) { return 200.0; }, 2000);
  EXPECT_THAT(job.calls, ::testing::IsEmpty());
}

TEST(SlowdownTracker, AJobThatIsUnevenFromTheStartIsNotCalled) {
  WatchedJob job;
  uint64_t random = 7;
  job.Run(2000, [&](int) {
    random = random * 6364136223846793005ull + 1442695040888963407ull;
    return 40.0 + static_cast<double>(random >> 58);  // 40 to 104 ms
  });
  EXPECT_THAT(job.calls, ::testing::IsEmpty());
}

TEST(SlowdownTracker, TheUsualLengthIsKnownAfterTenIterations) {
  SlowdownTracker tracker;
  IterationSeries series;
  series.ranks = {0};
  for (int i = 0; i < 9; ++i)
    series.iterations.push_back({.number = i, .begin = 1 + i * kMs, .length_ns = kMs});
  tracker.Observe({series});
  EXPECT_EQ(tracker.UsualNs(), 0);
  series.iterations.push_back({.number = 9, .begin = 1 + 9 * kMs, .length_ns = kMs});
  tracker.Observe({series});
  EXPECT_EQ(tracker.UsualNs(), kMs);
}

}  // namespace
}  // namespace rankle::localize
