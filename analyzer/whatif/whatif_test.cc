// The replay and its questions on jobs small enough to compute by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/whatif/analysis.h"
#include "analyzer/whatif/pipeline.h"

namespace rankle::whatif {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(GraphTest, AUnitBeginsWhenAllItsMembersCanAndEachTakesItsOwnTime) {
  // 0 -> 1 and 2 -> 3 are two workers; 1 and 3 happen together; 4 follows 3.
  GraphBuilder builder(5);
  builder.Chain({0, 1});
  builder.Chain({2, 3, 4});
  builder.Join({1, 3});
  const auto graph = builder.Build();
  ASSERT_TRUE(graph.ok()) << graph.status();
  // 0 ends at 1, 2 at 5: both begin at 5.
  EXPECT_THAT(graph->Replay({1, 2, 5, 3, 1}), ElementsAre(1, 7, 5, 8, 9));
}

TEST(GraphTest, OperationsThatWaitForEachOtherAreAnError) {
  GraphBuilder builder(3);
  builder.Chain({0, 1, 2});
  builder.Wait(0, 2);
  EXPECT_FALSE(builder.Build().ok());
}

TEST(OwnTimesTest, WaitingForOthersIsNobodysOwnTime) {
  Model model;
  model.workers.resize(3);
  model.types = {{"all-reduce", "all-reduce", true}, {"compute", "compute", false}};
  model.steps = {1};
  const double starts[] = {0, 1, 5}, computed[] = {0, 1, 5};
  for (int32_t w = 0; w < 3; ++w) model.operations.push_back({w, 0, 0, starts[w], 6});
  for (int32_t w = 0; w < 3; ++w) model.operations.push_back({w, 1, 0, 0, computed[w]});
  GraphBuilder builder(6);
  builder.Join({0, 1, 2});
  for (uint32_t w = 0; w < 3; ++w) builder.Wait(w, 3 + w);
  model.graph = *builder.Build();
  const std::vector<double> own = OwnTimes(model);
  EXPECT_THAT(own, ElementsAre(1, 1, 1, 0, 1, 5));
  // The median of communication, the mean of computing.
  EXPECT_THAT(IdealTimes(model, own), ElementsAre(1, 1, 1, 2, 2, 2));
  const Result result = Analyze(model);
  EXPECT_DOUBLE_EQ(result.real_s, 6);
  EXPECT_DOUBLE_EQ(result.ideal_s, 3);
}

// Two stages, two micro-batches, forward before backward; stage 1 computes twice as long. Exchanges take 0.1.
class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest() {
    trace_.workers = {{.rank = 0, .stage = 0}, {.rank = 1, .stage = 1}};
    Add(0, Kind::kForwardCompute, {{0, 1}, {1, 2}});
    Add(0, Kind::kForwardSend, {{1, 1.1}, {2, 3.2}});
    Add(1, Kind::kForwardRecv, {{0, 1.1}, {3.1, 3.2}});
    Add(1, Kind::kForwardCompute, {{1.1, 3.1}, {3.2, 5.2}});
    Add(1, Kind::kBackwardCompute, {{5.2, 7.2}, {7.2, 9.2}});
    Add(1, Kind::kBackwardSend, {{7.2, 7.3}, {9.2, 9.3}});
    Add(0, Kind::kBackwardRecv, {{2, 7.3}, {8.3, 9.3}});
    Add(0, Kind::kBackwardCompute, {{7.3, 8.3}, {9.3, 10.3}});
  }
  void Add(int32_t worker, Kind kind, const std::vector<std::pair<double, double>>& times, int64_t step = 7) {
    int32_t sequence = 0;
    for (const auto& [start, end] : times)
      trace_.operations.push_back({worker, kind, step, -1, sequence++, start, end});
  }
  OperationTrace trace_;
};

TEST_F(PipelineTest, ReplayOfOwnTimesIsTheTrace) {
  const auto model = PipelineModel(trace_);
  ASSERT_TRUE(model.ok()) << model.status();
  const Result r = Analyze(*model);
  EXPECT_NEAR(r.traced_s, 10.3, 1e-9);
  EXPECT_NEAR(r.real_s, 10.3, 1e-9);
  EXPECT_THAT(r.steps, ElementsAre(7));
}

TEST_F(PipelineTest, SlowdownAndWhatTheLastStageGivesBack) {
  const auto model = PipelineModel(trace_);
  ASSERT_TRUE(model.ok()) << model.status();
  const Result r = Analyze(*model);
  // Every computation takes 1.5, the mean. Stage 0: F 0-1.5-3; exchange 1.5-1.6; stage 1: F 1.6-3.1,
  // exchange 3.1-3.2, F 3.2-4.7, B 4.7-6.2-7.7; back: exchange 6.2-6.3, B 6.3-7.8, exchange 7.8-7.9,
  // B 7.9-9.4.
  EXPECT_NEAR(r.ideal_s, 9.4, 1e-9);
  EXPECT_NEAR(r.slowdown, 10.3 / 9.4, 1e-9);
  // Only stage 1 takes 1.5, stage 0 takes 1: F 0-1-2; exchange 1-1.1; F 1.1-2.6; exchange 2.6-2.7; F 2.7-4.2;
  // B 4.2-5.7-7.2; exchange 5.7-5.8; B 5.8-6.8; exchange 7.2-7.3; B 7.3-8.3.
  EXPECT_NEAR(r.last_stage.recovered, (10.3 - 8.3) / (10.3 - 9.4), 1e-9);
  ASSERT_EQ(r.stages.size(), 2u);
  EXPECT_EQ(r.stages[0].name, "stage 1");
}

TEST_F(PipelineTest, AStepThatLacksOperationsIsLeftOutAndSaid) {
  Add(0, Kind::kForwardCompute, {{20, 21}}, 8);
  const auto model = PipelineModel(trace_);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_THAT(model->steps, ElementsAre(7));
  EXPECT_THAT(model->notes,
              ::testing::Contains(HasSubstr("1 of 2 steps left out: not every worker has computations")));
}

TEST_F(PipelineTest, NoUsableStepIsAnError) {
  OperationTrace empty;
  empty.workers = trace_.workers;
  EXPECT_FALSE(PipelineModel(empty).ok());
}

}  // namespace
}  // namespace rankle::whatif
