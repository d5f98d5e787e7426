// Verdicts on jobs that go on with wrong values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/testing/diagnose.h"

namespace rankle {
namespace {

using testing::DdpJob;
using testing::Diagnose;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A data-parallel job of 80 all-reduces whose samples are all right, except where `change` says otherwise.
struct Values {
  uint64_t hash = 7;
  int sent_nonfinite = 0, received_nonfinite = 0;
  float largest = 0.5f;
};
template <typename Change>
DdpJob SampledJob(int ranks, const Change& change) {
  DdpJob j(ranks);
  for (uint32_t seq = 1; seq <= 80; ++seq) {
    for (int r : j.all) {
      Values v;
      change(r, seq, v);
      const double at = 0.1 + 0.025 * seq;
      j.job.Sample(r, j.dp, seq, at, 1000u + static_cast<unsigned>(r), true, v.sent_nonfinite, v.largest);
      j.job.Sample(r, j.dp, seq, at + 0.004, v.hash * seq, false, v.received_nonfinite);
    }
  }
  for (int r : j.all) j.job.Exited(r, 3);
  return j;
}

TEST(WrongVerdictTest, AgreeingResultsAreHealthy) {
  const DdpJob j = SampledJob(4, [](int, uint32_t, Values&) {});
  EXPECT_EQ(Diagnose(j.job).verdict.anomaly, "healthy");
}

TEST(WrongVerdictTest, TheRankWithAnotherResultIsNamed) {
  for (int culprit : {0, 3}) {
    const DdpJob j = SampledJob(4, [&](int r, uint32_t seq, Values& v) {
      if (r == culprit && seq == 40) v.hash = 8;
    });
    const Report report = Diagnose(j.job);
    EXPECT_EQ(report.verdict.anomaly, "wrong.corruption") << report.verdict.summary;
    EXPECT_THAT(report.verdict.ranks, ElementsAre(culprit));
    EXPECT_THAT(report.verdict.summary, HasSubstr("AllReduce #40"));
  }
}

TEST(WrongVerdictTest, WhatAnOperationLeavesThatSomebodyNeverCameToIsNoResult) {
  DdpJob j(4);
  testing::Enter(j.job, j.dp, 2.5, {0, 1, 3});  // #81
  for (int r : {0, 1, 3}) {
    j.job.Sample(r, j.dp, 81, 2.6, 100u + static_cast<unsigned>(r));
    j.job.AsyncError(r, 2.6, 6).Exited(r, 2.7, 1);
  }
  j.job.Killed(2, 2.5, 9);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.process") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(WrongVerdictTest, OfTwoRanksNeitherIsPreferred) {
  const DdpJob j = SampledJob(2, [](int r, uint32_t seq, Values& v) {
    if (r == 1 && seq == 40) v.hash = 8;
  });
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "wrong.corruption");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(0, 1));
  EXPECT_LE(report.verdict.confidence, 0.5);
}

TEST(WrongVerdictTest, TheRankThatSentTheFirstNanIsNamed) {
  const DdpJob j = SampledJob(4, [](int r, uint32_t seq, Values& v) {
    v.sent_nonfinite = (seq == 40 && r == 2) || seq > 41 ? 3 : 0;
    v.received_nonfinite = seq >= 40 ? 3 : 0;
  });
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "wrong.nonfinite") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(WrongVerdictTest, AProgramThatGivesUpOnItsNanIsNotTheCause) {
  DdpJob j = SampledJob(4, [](int r, uint32_t seq, Values& v) {
    v.sent_nonfinite = seq >= 70 && (r == 2 || seq > 71);
    v.received_nonfinite = seq >= 70;
  });
  for (int r : j.all) j.job.Exited(r, 2.2 + 0.001 * r, 1);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "wrong.nonfinite") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

TEST(WrongVerdictTest, InfinityThatALossScalerGetsOverIsHealthy) {
  const DdpJob j = SampledJob(4, [](int r, uint32_t seq, Values& v) {
    v.sent_nonfinite = seq == 40 && r == 1;
    v.received_nonfinite = seq == 40;
  });
  EXPECT_EQ(Diagnose(j.job).verdict.anomaly, "healthy");
}

TEST(WrongVerdictTest, OverflowOfTheReductionNamesNobody) {
  const DdpJob j = SampledJob(4, [](int, uint32_t seq, Values& v) { v.received_nonfinite = seq >= 60; });
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "wrong.nonfinite");
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
}

TEST(WrongVerdictTest, ValueOfQuiteAnotherSizeIsCorruption) {
  const DdpJob j = SampledJob(4, [](int r, uint32_t seq, Values& v) {
    if (r == 3 && seq == 50) v.largest = 1e20f;
  });
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "wrong.corruption") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
}

TEST(WrongVerdictTest, GradientsThatGrowEverywhereAreHealthy) {
  const DdpJob j = SampledJob(4, [](int r, uint32_t seq, Values& v) {
    v.largest = (seq > 40 ? 1e6f : 1e-3f) * static_cast<float>(r + 1);
  });
  EXPECT_EQ(Diagnose(j.job).verdict.anomaly, "healthy");
}

TEST(WrongVerdictTest, TheReplicaThatDriftsIsNamed) {
  DdpJob j = SampledJob(4, [](int, uint32_t, Values&) {});
  for (uint32_t mark = 1; mark <= 20; ++mark) {
    for (int r : j.all) j.job.Replica(r, "model", mark, 0.1 * mark, r == 1 && mark > 12 ? mark + 1000 : mark);
  }
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "wrong.divergence") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
  EXPECT_THAT(report.verdict.summary, HasSubstr("mark 13"));
}

TEST(WrongVerdictTest, DriftAfterAWrongResultIsItsConsequence) {
  DdpJob j = SampledJob(4, [](int r, uint32_t seq, Values& v) {
    if (r == 1 && seq == 40) v.hash = 8;
  });
  for (uint32_t mark = 1; mark <= 20; ++mark) {
    for (int r : j.all)
      j.job.Replica(r, "model", mark, 0.1 * mark + 0.09, r == 1 && mark > 10 ? mark + 1000 : mark);
  }
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "wrong.corruption") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
}

TEST(WrongVerdictTest, HalfAResultAfterADeathIsItsConsequence) {
  DdpJob j = SampledJob(4, [](int r, uint32_t seq, Values& v) {
    if (seq == 80) v.hash = 100 + static_cast<uint64_t>(r);
  });
  j.job.Killed(2, 2.15, 9);
  for (int r : {0, 1, 3}) j.job.AsyncError(r, 2.11, 6).Exited(r, 2.2, 10);
  const Report report = Diagnose(j.job);
  EXPECT_EQ(report.verdict.anomaly, "crash.process") << report.verdict.summary;
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
}

}  // namespace
}  // namespace rankle
