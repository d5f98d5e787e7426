// Kernels and the events around operations: whatever is lost, shifted or runs at the same time, no kernel is
// taken for that of another operation.
#include "analyzer/import/kernels/match_kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rankle::import {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kTolerance = 100;

class MatchKernelsTest : public ::testing::Test {
 protected:
  // Times in microseconds; the tolerance is 100 of them.
  void Span(int64_t lane, int64_t started, int64_t finished, uint32_t launches = 1, bool several = false) {
    spans_.push_back({lane, started, finished, launches, several});
  }
  void Kernel(int64_t lane, int64_t started, int64_t finished) {
    kernels_.push_back({lane, started, finished});
  }
  // "kernel:span" or "kernel:span/launch" of each match.
  std::vector<std::string> Matches(bool nothing_lost = true) const {
    std::vector<std::string> matches;
    for (const KernelMatch& m : MatchKernels(spans_, kernels_, {kTolerance, nothing_lost, fits_})) {
      matches.push_back(std::to_string(m.kernel) + ":" + std::to_string(m.span));
      if (spans_[m.span].launches > 1) matches.back() += "/" + std::to_string(m.launch);
    }
    return matches;
  }
  std::vector<EventSpan> spans_;
  std::vector<KernelTime> kernels_;
  std::function<bool(size_t, size_t, uint32_t)> fits_;
};

TEST_F(MatchKernelsTest, AKernelIsTheOperationWhoseEventsSurroundIt) {
  Span(0, 1000, 2000), Span(0, 3000, 4000);
  Kernel(7, 1010, 1990), Kernel(7, 3010, 3990);
  EXPECT_THAT(Matches(), ElementsAre("0:0", "1:1"));
}

TEST_F(MatchKernelsTest, ClocksMayDifferByTheToleranceAndNoMore) {
  Span(0, 1000, 2000), Span(0, 3000, 4000);
  Kernel(7, 1000 - kTolerance, 1900), Kernel(7, 3100, 4000 + kTolerance);
  EXPECT_THAT(Matches(), ElementsAre("0:0", "1:1"));
  kernels_[0].started -= 1, kernels_[1].finished += 1;
  EXPECT_THAT(Matches(), IsEmpty());
}

TEST_F(MatchKernelsTest, RecordsLostOnEitherSideDisplaceNothing) {
  for (int i = 0; i < 8; ++i) Span(0, 1000 * i, 1000 * i + 800);
  for (int i = 0; i < 8; ++i) Kernel(7, 1000 * i + 10, 1000 * i + 790);
  spans_.erase(spans_.begin() + 4), spans_.erase(spans_.begin());              // operations 0 and 4
  kernels_.erase(kernels_.begin() + 6), kernels_.erase(kernels_.begin() + 2);  // kernels 2 and 6
  // Left are operations 1 2 3 5 6 7 and kernels 0 1 3 4 5 7.
  for (bool nothing_lost : {false, true})
    EXPECT_THAT(Matches(nothing_lost), ElementsAre("1:0", "2:2", "4:3", "5:5"));
}

TEST_F(MatchKernelsTest, ShortOperationsInARowAreToldByTheirOrder) {
  for (int i = 0; i < 5; ++i) Span(0, 1000 + 20 * i, 1018 + 20 * i);
  for (int i = 0; i < 5; ++i) Kernel(7, 1001 + 20 * i, 1016 + 20 * i);
  EXPECT_THAT(Matches(), ElementsAre("0:0", "1:1", "2:2", "3:3", "4:4"));
  // Also where the clocks differ by more than an operation takes.
  for (KernelTime& k : kernels_) k.started += 30, k.finished += 30;
  EXPECT_THAT(Matches(), ElementsAre("0:0", "1:1", "2:2", "3:3", "4:4"));
}

TEST_F(MatchKernelsTest, ShortOperationsInARowStayUntoldWhereSomeAreLost) {
  for (int i = 0; i < 5; ++i) Span(0, 1000 + 20 * i, 1018 + 20 * i);
  for (int i = 0; i < 5; ++i) Kernel(7, 1001 + 20 * i, 1016 + 20 * i);
  EXPECT_THAT(Matches(false), IsEmpty());
  kernels_.erase(kernels_.begin() + 1);
  EXPECT_THAT(Matches(), IsEmpty());
}

TEST_F(MatchKernelsTest, AShortOperationAfterALongOneIsNotTheLongOnes) {
  Span(0, 1000, 3000), Span(0, 3002, 3020);
  Kernel(7, 1010, 2990), Kernel(7, 3004, 3018);
  EXPECT_THAT(Matches(), ElementsAre("0:0", "1:1"));
}

TEST_F(MatchKernelsTest, StreamsAreFoundByWhatRunsInsideThem) {
  // Two streams at the same time; the second has longer operations, which surround some kernels of the first.
  for (int i = 0; i < 4; ++i) Span(0, 1000 * i, 1000 * i + 900);
  for (int i = 0; i < 2; ++i) Span(1, 2000 * i + 500, 2000 * i + 2400);
  for (int i = 0; i < 4; ++i) Kernel(21, 1000 * i + 10, 1000 * i + 890);
  for (int i = 0; i < 2; ++i) Kernel(20, 2000 * i + 510, 2000 * i + 2390);
  EXPECT_THAT(Matches(), ElementsAre("0:0", "1:1", "2:2", "3:3", "4:4", "5:5"));
}

TEST_F(MatchKernelsTest, AKernelThatTwoStreamsSurroundIsNeithers) {
  Span(0, 1000, 2000), Span(1, 1000, 2000);
  Kernel(7, 1010, 1990);
  EXPECT_THAT(Matches(), IsEmpty());
}

TEST_F(MatchKernelsTest, AnOperationWithKernelsOfTwoStreamsKeepsItsEvents) {
  Span(0, 1000, 2000), Span(0, 3000, 4000);
  Kernel(7, 1010, 1990), Kernel(7, 3010, 3990);
  Kernel(8, 3100, 3200);  // of a stream that nobody recorded
  EXPECT_THAT(Matches(), ElementsAre("0:0"));
}

TEST_F(MatchKernelsTest, AGroupMayBeSeveralKernelsAndAnOperationOnlyOne) {
  Span(0, 1000, 2000, 1, true), Span(0, 3000, 4000);
  Kernel(7, 1010, 1400), Kernel(7, 1410, 1990);
  Kernel(7, 3010, 3400), Kernel(7, 3410, 3990);
  EXPECT_THAT(Matches(), ElementsAre("0:0", "1:0"));
}

TEST_F(MatchKernelsTest, TheOperationsOfAGraphLaunchAreToldByTheirOrder) {
  Span(0, 1000, 5000, 3);
  Kernel(9, 3000, 3900), Kernel(9, 1100, 1900), Kernel(9, 2000, 2900);
  EXPECT_THAT(Matches(), ElementsAre("0:0/2", "1:0/0", "2:0/1"));
}

TEST_F(MatchKernelsTest, AGraphLaunchWithALostKernelOrWithBranchesKeepsItsEvents) {
  Span(0, 1000, 5000, 3);
  Kernel(9, 1100, 1900), Kernel(9, 2000, 2900);
  EXPECT_THAT(Matches(), IsEmpty());
  Kernel(10, 2000, 2900);
  EXPECT_THAT(Matches(), IsEmpty());
}

TEST_F(MatchKernelsTest, AKernelOfAnotherFunctionIsNotTheOperations) {
  Span(0, 1000, 2000), Span(0, 3000, 4000), Span(0, 5000, 9000, 2);
  Kernel(7, 1010, 1990), Kernel(7, 3010, 3990), Kernel(7, 5100, 6000), Kernel(7, 7000, 8000);
  fits_ = [](size_t kernel, size_t, uint32_t) { return kernel != 1 && kernel != 3; };
  EXPECT_THAT(Matches(), ElementsAre("0:0"));
}

TEST_F(MatchKernelsTest, NothingOnEitherSideIsNoMatch) {
  EXPECT_THAT(Matches(), IsEmpty());
  Kernel(7, 1, 2);
  EXPECT_THAT(Matches(), IsEmpty());
  kernels_.clear();
  Span(0, 1, 2);
  EXPECT_THAT(Matches(), IsEmpty());
}

}  // namespace
}  // namespace rankle::import
