// Interleaved schedules: a worker has several model chunks, the last stage sends to the first one, and
// tracers record exchanges that nobody needs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "analyzer/whatif/analysis.h"
#include "analyzer/whatif/pipeline.h"

namespace rankle::whatif {
namespace {

// Two stages with two chunks each, two micro-batches. Forward takes 1, backward 2, exchanges no time. By
// hand, F and B with chunk:
//   stage 0: F0 0-1, F0 1-2, F1 2-3, F1 3-4, B1 7-9, B1 9-11, B0 11-13, B0 13-15
//   stage 1: F0 1-2, F0 2-3, F1 3-4, F1 4-5, B1 5-7, B1 7-9, B0 9-11, B0 11-13
// Each stage computes for 12: what exceeds that in the 15 of the step is waiting for the other stage, across
// chunks.
struct Row {
  Kind kind;
  int chunk;
  double start, end;
};
const std::vector<Row> kStages[] = {
    {
        {Kind::kForwardCompute, 0, 0, 1},
        {Kind::kForwardCompute, 0, 1, 2},
        {Kind::kForwardCompute, 1, 2, 3},
        {Kind::kForwardCompute, 1, 3, 4},
        {Kind::kBackwardCompute, 1, 7, 9},
        {Kind::kBackwardCompute, 1, 9, 11},
        {Kind::kBackwardCompute, 0, 11, 13},
        {Kind::kBackwardCompute, 0, 13, 15},
        {Kind::kForwardRecv, -1, 0, 0},  // chunk 0 has nobody before it: the first two receive nothing
        {Kind::kForwardRecv, -1, 1, 1},
        {Kind::kForwardRecv, -1, 2, 2},
        {Kind::kForwardRecv, -1, 3, 3},
        {Kind::kForwardSend, -1, 1, 1},
        {Kind::kForwardSend, -1, 2, 2},
        {Kind::kForwardSend, -1, 3, 3},
        {Kind::kForwardSend, -1, 4, 4},
        {Kind::kBackwardRecv, -1, 7, 7},
        {Kind::kBackwardRecv, -1, 9, 9},
        {Kind::kBackwardRecv, -1, 11, 11},
        {Kind::kBackwardRecv, -1, 13, 13},
        {Kind::kBackwardSend, -1, 9, 9},
        {Kind::kBackwardSend, -1, 11, 11},
        {Kind::kBackwardSend, -1, 13, 13},  // nor has it anybody to send gradients to
        {Kind::kBackwardSend, -1, 15, 15},
    },
    {
        {Kind::kForwardCompute, 0, 1, 2},   {Kind::kForwardCompute, 0, 2, 3},
        {Kind::kForwardCompute, 1, 3, 4},   {Kind::kForwardCompute, 1, 4, 5},
        {Kind::kBackwardCompute, 1, 5, 7},  {Kind::kBackwardCompute, 1, 7, 9},
        {Kind::kBackwardCompute, 0, 9, 11}, {Kind::kBackwardCompute, 0, 11, 13},
        {Kind::kForwardRecv, -1, 1, 1},     {Kind::kForwardRecv, -1, 2, 2},
        {Kind::kForwardRecv, -1, 3, 3},     {Kind::kForwardRecv, -1, 4, 4},
        {Kind::kForwardSend, -1, 2, 2},     {Kind::kForwardSend, -1, 3, 3},
        {Kind::kForwardSend, -1, 4, 4},  // chunk 1 is the end of the model
        {Kind::kForwardSend, -1, 5, 5},     {Kind::kBackwardRecv, -1, 5, 5},
        {Kind::kBackwardRecv, -1, 7, 7},    {Kind::kBackwardRecv, -1, 9, 9},
        {Kind::kBackwardRecv, -1, 11, 11},  {Kind::kBackwardSend, -1, 7, 7},
        {Kind::kBackwardSend, -1, 9, 9},    {Kind::kBackwardSend, -1, 11, 11},
        {Kind::kBackwardSend, -1, 13, 13},
    },
};

// The job with `tp` ranks in each stage, each of which records the same.
OperationTrace Interleaved(int32_t tp) {
  OperationTrace trace;
  for (int32_t stage = 0; stage < 2; ++stage) {
    for (int32_t place = 0; place < tp; ++place) {
      const auto worker = static_cast<int32_t>(trace.workers.size());
      trace.workers.push_back({.rank = worker, .dp = 0, .stage = stage, .tp = place});
      for (const Row& row : kStages[stage]) {
        trace.operations.push_back({.worker = worker,
                                    .kind = row.kind,
                                    .step = 1,
                                    .chunk = row.chunk,
                                    .start = row.start,
                                    .end = row.end});
      }
    }
  }
  return trace;
}

void ExpectReplayed(const OperationTrace& trace, double length) {
  const auto model = PipelineModel(trace);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_THAT(model->notes, ::testing::IsEmpty());
  EXPECT_DOUBLE_EQ(Analyze(*model).real_s, length);
}

TEST(InterleavedTest, TheLastStageOfAChunkFeedsTheFirstStageOfTheNext) { ExpectReplayed(Interleaved(1), 15); }

TEST(InterleavedTest, RanksOfATensorParallelGroupHaveTheirOwnPipelines) {
  const OperationTrace trace = Interleaved(2);
  ASSERT_EQ(trace.workers.size(), 4u);
  ExpectReplayed(trace, 15);
}

TEST(InterleavedTest, ExchangesThatWereNotLaunchedHoldNobodyUp) {
  OperationTrace trace = Interleaved(1);
  // Posted after the last forward computation has begun, and over before the first backward one has ended.
  trace.operations.push_back({.worker = 0, .kind = Kind::kForwardRecv, .step = 1, .start = 14, .end = 14});
  trace.operations.push_back({.worker = 1, .kind = Kind::kBackwardSend, .step = 1, .start = 0, .end = 0});
  ExpectReplayed(trace, 15);
}

TEST(InterleavedTest, AsManyReceivesAsComputationsNeedNotBelongToThem) {
  OperationTrace trace = Interleaved(1);
  // The first receive of stage 0, which receives nothing, was not recorded; one at the end was, and took 0.5.
  // By their number alone, the last computation would wait for it.
  const auto first = std::ranges::find(trace.operations, Kind::kForwardRecv, &TracedOperation::kind);
  ASSERT_EQ(first->worker, 0);
  ASSERT_EQ(first->start, 0);
  trace.operations.erase(first);
  trace.operations.push_back({.worker = 0, .kind = Kind::kForwardRecv, .step = 1, .start = 14, .end = 14.5});
  ExpectReplayed(trace, 15);
}

TEST(InterleavedTest, AReplayMovesWhatFollowsALongerComputation) {
  OperationTrace trace = Interleaved(1);
  // The last forward computation of stage 1 takes 2: its backward ones begin at 6, and everything after that
  // is later by 1.
  for (TracedOperation& o : trace.operations) {
    if (o.worker == 1 && o.kind == Kind::kForwardCompute && o.start == 4) o.end = 6;
  }
  ExpectReplayed(trace, 16);
}

}  // namespace
}  // namespace rankle::whatif
