#include "analyzer/testing/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

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

double Work(JobBuilder& job, int communicator, int ranks, int steps, double start,
            const std::function<double(int, int)>& own, const WorkOptions& options) {
  for (int step = 1; step <= steps; ++step) {
    double last = 0;
    for (int r = 0; r < ranks; ++r) last = std::max(last, start + own(r, step));
    for (int r = 0; r < ranks; ++r) {
      Op op;
      op.rank = r, op.communicator = communicator, op.count = options.count(step);
      op.entered = start + own(r, step), op.finished = last + 0.002;
      if (options.marked) op.step = step;
      job.Add(op);
    }
    start = last + 0.002;
  }
  return start;
}

double Jitter(int rank, int step, double most) {
  const unsigned mixed =
      (static_cast<unsigned>(rank) * 2654435761u) ^ (static_cast<unsigned>(step) * 40503u * 65537u);
  return most * static_cast<double>((mixed * 2246822519u) >> 8 & 0xffff) / 65536.0;
}

}  // namespace rankle::testing
