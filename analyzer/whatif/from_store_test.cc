// Jobs of a few operations whose what-if figures can be computed by hand.
#include "analyzer/whatif/from_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "analyzer/testing/job_builder.h"
#include "analyzer/whatif/analysis.h"

namespace rankle::whatif {
namespace {

using rankle::testing::JobBuilder;
using rankle::testing::Op;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Result Analyzed(const store::Store& store, const std::optional<StepRange>& range = {}) {
  const auto model = ModelFromStore(store, range);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? Analyze(*model) : Result{};
}

const Part& Named(const std::vector<Part>& parts, const std::string& name) {
  static const Part kNone{.name = "there is none", .slowdown = -1};
  for (const Part& part : parts) {
    if (part.name == name) return part;
  }
  return kNone;
}

// Four ranks compute 100 ms, rank 2 130 ms, then reduce in 20 ms, in each third step in 40 ms. Step numbers
// count from 0; `marked` says whether the program marks them.
JobBuilder OneSlowRank(int steps, bool marked) {
  JobBuilder job(4);
  const int world = job.Communicator("dp", {0, 1, 2, 3});
  double at = 1;
  for (int step = 0; step < steps; ++step) {
    const double reduced = at + 0.130 + (step % 3 == 2 ? 0.040 : 0.020);
    job.Collective(world, at + 0.100, reduced, {0, 0, 0.030, 0}, "ncclAllReduce", 1024, marked ? step : -1);
    at = reduced;
  }
  return job;
}

class OneSlowRankTest : public ::testing::TestWithParam<bool> {};

TEST_P(OneSlowRankTest, TheSlowdownAndWhatComesBackAreThoseComputedByHand) {
  // Steps 1 to 9 of 0 to 10: three of them reduce in 40 ms. Real: 130 + (6 * 20 + 3 * 40) / 9 = 156.667 ms.
  // Ideal: the median of 100, 100, 130, 100 and of 20 and 40, of which two thirds are 20: 120 ms.
  const Result r = Analyzed(OneSlowRank(11, GetParam()).Build());
  EXPECT_THAT(r.steps, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_NEAR(r.real_s, 0.156667, 1e-6);
  EXPECT_NEAR(r.traced_s, 0.156667, 1e-6);
  EXPECT_NEAR(r.ideal_s, 0.120, 1e-6);
  EXPECT_NEAR(r.slowdown, 156.667 / 120, 1e-4);
  // Without rank 2's lateness: 100 + 26.667 ms; 30 of the lost 36.667 ms come back.
  ASSERT_EQ(r.worst.size(), 1u);
  EXPECT_EQ(r.worst[0].rank, 2);
  EXPECT_NEAR(r.worst_workers.fixed_s, 0.126667, 1e-6);
  EXPECT_NEAR(r.worst_workers.recovered, 30 / 36.667, 1e-4);
  EXPECT_NEAR(Named(r.types, "compute").recovered, 30 / 36.667, 1e-4);
  EXPECT_NEAR(Named(r.types, "AllReduce").recovered, 6.667 / 36.667, 1e-4);
  // Alone slow: rank 2 with its 130 ms, or one member of the slow reductions, which all wait for.
  ASSERT_EQ(r.scores.size(), 4u);
  EXPECT_NEAR(r.scores[0].score, 156.667 / 120, 1e-4);
  EXPECT_NEAR(r.scores[1].score, 126.667 / 120, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(MarkedOrNot, OneSlowRankTest, ::testing::Bool());

TEST(FromStoreTest, PipelinesThatCannotBeToldGiveNoFiguresOfStages) {
  const Result r = Analyzed(OneSlowRank(6, true).Build());
  EXPECT_FALSE(r.stages_known);
  EXPECT_THAT(r.stages, IsEmpty());
  EXPECT_THAT(r.notes, Contains(HasSubstr("no figures of pipeline stages: no sends and receives")));
}

TEST(FromStoreTest, ARangeOfStepsIsWhatIsReplayed) {
  const store::Store store = OneSlowRank(11, true).Build();
  // Steps 3 and 4: 130 + 20 ms.
  const Result r = Analyzed(store, StepRange{3, 4});
  EXPECT_THAT(r.steps, ElementsAre(3, 4));
  EXPECT_NEAR(r.real_s, 0.150, 1e-6);
  EXPECT_THAT(std::string(ModelFromStore(store, StepRange{50, 60}).status().message()),
              HasSubstr("the records have steps 0 to 10"));
}

TEST(FromStoreTest, TheOnlyStepCountsFromTheFirstArrival) {
  JobBuilder job(3);
  job.Collective(job.Communicator("dp", {0, 1, 2}), 1, 1.3, {0, 0.05, 0.2}, "ncclAllReduce", 8, 7);
  const Result r = Analyzed(job.Build());
  // 0, 50 and 200 ms, then 100 ms; the median is 50.
  EXPECT_NEAR(r.real_s, 0.300, 1e-6);
  EXPECT_NEAR(r.ideal_s, 0.150, 1e-6);
  EXPECT_EQ(r.worst[0].rank, 2);
  EXPECT_THAT(r.notes, Contains(HasSubstr("counts from the moment when the first rank arrived")));
}

// Gradients are reduced on stream 2 while the rank goes on to gather parameters on stream 3: the gathering
// begins before the reduction has ended, so it does not wait for it.
TEST(FromStoreTest, WhatBeganBeforeAnotherStreamsOperationEndedDidNotWaitForIt) {
  JobBuilder job(2);
  const int world = job.Communicator("dp", {0, 1});
  double at = 1;
  for (int step = 0; step < 8; ++step) {
    // Rank 1 is late by 60 ms for the reduction, so it ends before rank 1 gathers: that proves nothing.
    const double late = step == 4 ? 0.060 : 0;
    for (int rank = 0; rank < 2; ++rank) {
      const double mine = rank == 1 ? late : 0;
      job.Add({.rank = rank,
               .communicator = world,
               .entered = at + 0.1 + mine,
               .finished = at + 0.150 + late,
               .stream = 2,
               .step = step});
      job.Add({.rank = rank,
               .communicator = world,
               .api = "ncclAllGather",
               .entered = at + 0.120 + mine,
               .finished = at + 0.170 + late,
               .stream = 3,
               .step = step});
    }
    at += 0.170 + late;
  }
  const auto model = ModelFromStore(job.Build());
  ASSERT_TRUE(model.ok()) << model.status();
  const Result r = Analyze(*model);
  // 170 ms a step, in one of six 60 ms more.
  EXPECT_NEAR(r.real_s, 0.170 + 0.060 / 6, 1e-6);
  EXPECT_NEAR(r.traced_s, r.real_s, 1e-6);
  EXPECT_NEAR(r.ideal_s, 0.170, 1e-6);
  EXPECT_EQ(r.worst[0].rank, 1);
  EXPECT_NEAR(r.worst_workers.recovered, 1, 1e-6);
}

// Two buckets are reduced on one stream while the backward pass goes on. Of the ranks that wait for the slow
// one in the first bucket the second is ready long before its end: what they computed for it is not on
// record.
TEST(FromStoreTest, ComputingThatPeersHideBehindCommunicationIsNotTakenForSlownessInSilence) {
  const auto overlapped = [](double slow) {
    JobBuilder job(3);
    const int world = job.Communicator("dp", {0, 1, 2});
    double at = 1;
    for (int step = 0; step < 8; ++step) {
      const double first = at + 0.1 * slow, second = std::max(first + 0.02, first + 0.05 * slow);
      for (int rank = 0; rank < 3; ++rank) {
        const double factor = rank == 2 ? slow : 1;
        job.Add({.rank = rank,
                 .communicator = world,
                 .entered = at + 0.1 * factor,
                 .finished = first + 0.02,
                 .step = step});
        job.Add({.rank = rank,
                 .communicator = world,
                 .entered = std::max(first + 0.02, at + 0.15 * factor),
                 .finished = second + 0.02,
                 .step = step});
      }
      at = second + 0.02;
    }
    return Analyzed(job.Build());
  };
  EXPECT_THAT(overlapped(2).notes, Contains(HasSubstr("hidden behind their communication and shows on 2")));
  // Of equally fast ranks each shows what it computes.
  EXPECT_THAT(overlapped(1).notes, Not(Contains(HasSubstr("hidden"))));
}

// The root leaves a broadcast before a slow receiver comes, and does not wait for it.
TEST(FromStoreTest, NobodyWaitsForALateReceiverOfABroadcast) {
  JobBuilder job(2);
  const int world = job.Communicator("dp", {0, 1});
  double at = 1;
  for (int step = 0; step < 6; ++step, at += 0.4) {
    for (int rank = 0; rank < 2; ++rank) {
      const double arrival = rank == 0 ? at + 0.1 : at + 0.3;
      job.Add({.rank = rank,
               .communicator = world,
               .api = "ncclBroadcast",
               .entered = arrival,
               .finished = arrival + 0.01,
               .peer = 0,
               .step = step});
    }
    job.Collective(world, at + 0.35, at + 0.4, {}, "ncclAllReduce", 8, step);
  }
  const auto model = ModelFromStore(job.Build());
  ASSERT_TRUE(model.ok()) << model.status();
  const std::vector<double> own = OwnTimes(*model);
  for (size_t i = 0; i < own.size(); ++i) {
    if (model->types[model->operations[i].type].name != "Broadcast") continue;
    EXPECT_NEAR(own[i], 0.01, 1e-9);
  }
}

// Two pipelines of two stages; in each step stage 0 computes 0.1 s, sends, stage 1 computes 0.2 s and sends
// back, stage 0 computes 0.1 s, and all reduce in 0.05 s. Rank 3 (stage 1 of the second) takes 0.3 s instead.
JobBuilder Pipelines(int steps) {
  JobBuilder job(4);
  const int first = job.Communicator("pp#0", {0, 1}), second = job.Communicator("pp#1", {2, 3});
  const int world = job.Communicator("world", {0, 1, 2, 3});
  double at = 1;
  for (int step = 0; step < steps; ++step, at += 0.57) {
    for (int p = 0; p < 2; ++p) {
      const int communicator = p == 0 ? first : second, front = 2 * p, back = 2 * p + 1;
      const double sent = at + 0.11, returned = sent + (p == 0 ? 0.2 : 0.3);
      const auto exchange = [&](int rank, const char* api, double entered, double finished) {
        job.Add({.rank = rank,
                 .communicator = communicator,
                 .api = api,
                 .entered = entered,
                 .finished = finished,
                 .peer = rank == front ? 1 : 0,
                 .step = step});
      };
      exchange(front, "ncclSend", at + 0.1, sent);
      exchange(back, "ncclRecv", at, sent);
      exchange(back, "ncclSend", returned, returned + 0.01);
      exchange(front, "ncclRecv", sent, returned + 0.01);
    }
    // Both wait for the second pipeline: 0.11 + 0.3 + 0.01 + 0.1.
    job.Collective(world, at + 0.42, at + 0.57, {0.0, -0.1, 0.1, 0}, "ncclAllReduce", 64, step);
  }
  return job;
}

TEST(FromStoreTest, StagesAreToldByWhoSendsFirst) {
  const Result r = Analyzed(Pipelines(8).Build());
  ASSERT_TRUE(r.stages_known) << r.notes.front();
  std::vector<std::pair<int, int>> places(4);
  for (const WorkerScore& s : r.scores) places[s.worker.rank] = {s.worker.dp, s.worker.stage};
  EXPECT_THAT(places, ElementsAre(std::pair(0, 0), std::pair(0, 1), std::pair(1, 0), std::pair(1, 1)));
  EXPECT_EQ(r.stages.size(), 2u);
}

TEST(FromStoreTest, TheLastStageOfAPipelineGivesItsShareBack) {
  const auto model = ModelFromStore(Pipelines(8).Build());
  ASSERT_TRUE(model.ok()) << model.status();
  const Result r = Analyze(*model);
  EXPECT_NEAR(r.real_s, 0.57, 1e-6);
  // Of two workers the faster one is the standard: 0.11 + 0.2 + 0.01 + 0.1 + 0.05.
  EXPECT_NEAR(r.ideal_s, 0.47, 1e-6);
  EXPECT_EQ(r.worst[0].rank, 3);
  EXPECT_NEAR(r.last_stage.recovered, 1, 1e-6);
}

// An all-to-all of three ranks made of sends and receives, each rank's in one group, as experts are
// exchanged.
TEST(FromStoreTest, RanksThatExchangeInAllDirectionsAreNoPipelineAndOneUnit) {
  JobBuilder job(3);
  const int world = job.Communicator("ep", {0, 1, 2});
  for (int step = 0; step < 6; ++step) {
    for (int rank = 0; rank < 3; ++rank) {
      for (int peer = 0; peer < 3; ++peer) {
        if (peer == rank) continue;
        for (const char* api : {"ncclSend", "ncclRecv"})
          job.Add({.rank = rank,
                   .communicator = world,
                   .api = api,
                   .entered = step + (rank == 2 ? 0.6 : 0.5),
                   .finished = step + 0.8,
                   .peer = peer,
                   .group = static_cast<uint16_t>(step + 1),
                   .step = step});
      }
    }
  }
  const Result r = Analyzed(job.Build());
  EXPECT_FALSE(r.stages_known);
  // From one exchange to the next 0.8 s, for the others 0.7 s; the exchange takes 0.2 s once rank 2 is there.
  EXPECT_NEAR(r.real_s, 1, 1e-6);
  EXPECT_NEAR(r.ideal_s, 0.9, 1e-6);
  EXPECT_EQ(r.worst[0].rank, 2);
  EXPECT_NEAR(r.worst_workers.recovered, 1, 1e-6);
  EXPECT_NEAR(Named(r.types, "Send, Recv").recovered, 0, 1e-6);
}

TEST(FromStoreTest, RecordsWithoutTimesOfOperationsAreRefused) {
  store::Store store = OneSlowRank(6, true).Build();
  store.device_times = false, store.source = "pytorch-flight-recorder";
  EXPECT_THAT(std::string(ModelFromStore(store).status().message()),
              HasSubstr("pytorch-flight-recorder does not tell when operations ran"));
}

}  // namespace
}  // namespace rankle::whatif
