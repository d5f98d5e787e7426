#include "analyzer/testing/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::testing {

Report Diagnose(const JobBuilder& job) {
  auto report = AnalyzeStore(job.Build(), {});
  EXPECT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems, ::testing::IsEmpty());
  return *std::move(report);
}

void Enter(JobBuilder& job, int communicator, double at, const std::vector<int>& ranks) {
  for (int rank : ranks) {
    Op op;
    op.rank = rank, op.communicator = communicator, op.entered = at, op.started = at;
    job.Add(op);
  }
}

}  // namespace rankle::testing
