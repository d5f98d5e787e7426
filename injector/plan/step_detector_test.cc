#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <vector>

#include "injector/plan/decide.h"
#include "injector/plan/random.h"

namespace rankle::plan {
namespace {

class StepDetectorTest : public testing::Test {
 protected:
  // Feeds one letter a call; returns the step after each.
  std::vector<int64_t> Feed(std::string_view letters) {
    std::vector<int64_t> steps;
    for (const char letter : letters) steps.push_back(detector().Observe(static_cast<uint64_t>(letter)));
    return steps;
  }
  void Repeat(std::string_view letters, int times) {
    for (int i = 0; i < times; ++i) Feed(letters);
  }
  StepDetector& detector() { return *detector_; }

 private:
  std::unique_ptr<StepDetector> detector_ = std::make_unique<StepDetector>();
};

TEST_F(StepDetectorTest, NothingIsAStepBeforeThreeRepeats) {
  for (int64_t step : Feed("abcdefgh"
                           "abcdefgh"
                           "abcdefgh"
                           "abcdefg"))
    EXPECT_EQ(step, -1);
  EXPECT_EQ(Feed("h")[0], 3);
  EXPECT_EQ(detector().period(), 8u);
}

TEST_F(StepDetectorTest, StepsAdvanceWithEachPeriod) {
  Repeat("abcdef", 4);
  EXPECT_EQ(detector().step(), 3);
  EXPECT_EQ(Feed("abcdefab"), (std::vector<int64_t>{4, 4, 4, 4, 4, 4, 5, 5}));
}

TEST_F(StepDetectorTest, OneCollectiveAStepIsAPeriodOfOne) {
  Repeat("a", 17);
  EXPECT_EQ(detector().period(), 1u);
  EXPECT_EQ(detector().step(), 16);
}

TEST_F(StepDetectorTest, SetupCallsBeforeTheLoopAreNoStep) {
  Feed("xyzzyx");
  Repeat("abcde", 10);
  EXPECT_EQ(detector().period(), 5u);
  EXPECT_EQ(detector().step(), 9);
}

TEST_F(StepDetectorTest, LayersAreNotTakenForStepsInTheLongRun) {
  const std::string step = std::string(30, 'a') + "b";  // thirty equal layers, then the loss
  Repeat(step, 20);
  EXPECT_EQ(detector().period(), 31u);
  EXPECT_EQ(detector().step(), 19);
}

TEST_F(StepDetectorTest, AnEvaluationPausesTheCount) {
  Repeat("abcd", 200);
  EXPECT_EQ(detector().step(), 199);
  Feed("eeffgg");
  EXPECT_EQ(detector().step(), 199);
  Repeat("abcd", 10);
  EXPECT_EQ(detector().period(), 4u);
  EXPECT_EQ(detector().step(), 209);
}

TEST_F(StepDetectorTest, AScheduleOfEvaluationsDoesNotBecomeTheStep) {
  int64_t last = -1;
  for (int round = 0; round < 12; ++round) {
    Repeat("abcd", 150);
    Feed("eeffgg");
    EXPECT_GT(detector().step(), last);
    last = detector().step();
  }
  EXPECT_EQ(detector().period(), 4u);
  EXPECT_EQ(last, 12 * 150 - 1);
}

TEST_F(StepDetectorTest, ALongPeriodIsFound) {
  std::vector<uint64_t> step;
  for (uint64_t i = 0; i < 1000; ++i) step.push_back(MixBits(i));
  for (int round = 0; round < 5; ++round) {
    for (const uint64_t signature : step) detector().Observe(signature);
  }
  EXPECT_EQ(detector().period(), 1000u);
  EXPECT_EQ(detector().step(), 4);
}

TEST_F(StepDetectorTest, NoPeriodNoStep) {
  for (uint64_t i = 0; i < 20000; ++i) ASSERT_EQ(detector().Observe(MixBits(i)), -1);
}

TEST_F(StepDetectorTest, APeriodThatIsTooLongIsNotFound) {
  for (uint64_t i = 0; i < 20000; ++i) ASSERT_EQ(detector().Observe(MixBits(i % 1500)), -1);
}

TEST_F(StepDetectorTest, ManyStepsLaterTheCountIsStillRight) {
  Repeat("abcdefghij", 5000);
  EXPECT_EQ(detector().step(), 4999);
}

TEST_F(StepDetectorTest, TheSameCallsGiveTheSameSteps) {
  StepDetector other;
  uint64_t state = 1;
  for (int i = 0; i < 5000; ++i) {
    state = MixBits(state);
    const uint64_t signature = i < 4000 ? static_cast<uint64_t>(i % 7) : state % 3;
    ASSERT_EQ(detector().Observe(signature), other.Observe(signature));
  }
}

}  // namespace
}  // namespace rankle::plan
