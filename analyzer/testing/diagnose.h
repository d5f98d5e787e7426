// Shared by the tests of verdicts: one call from a synthetic job to its report, and the situations that most
// of them start from.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analyzer/analyze.h"
#include "analyzer/testing/job_builder.h"

namespace rankle::testing {

// The report on a job; a problem with a rule fails the test.
Report Diagnose(const JobBuilder& job);

// These ranks enter one operation that never finishes.
void Enter(JobBuilder& job, int communicator, double at, const std::vector<int>& ranks);

// Steps 1..`steps` of all ranks of `communicator`, numbered from 0: rank r works own(r, step) seconds before
// it enters, and all leave 2 ms after the last arrival. Returns when the last step ended.
struct WorkOptions {
  bool marked = true;  // the program marks its steps
  std::function<uint64_t(int step)> count = [](int) { return uint64_t{1024}; };
};
double Work(JobBuilder& job, int communicator, int ranks, int steps, double start,
            const std::function<double(int rank, int step)>& own, const WorkOptions& options = {});

// Evenly spread over [0, most), the same in every run.
double Jitter(int rank, int step, double most);

// A data-parallel job of `ranks` that has done 20 steps of several different collectives.
struct DdpJob {
  explicit DdpJob(int ranks) : job(ranks) {
    for (int r = 0; r < ranks; ++r) all.push_back(r);
    dp = job.Communicator("dp", all);
    for (int step = 1; step <= 20; ++step) {
      for (int bucket = 0; bucket < 4; ++bucket) {
        const double at = 0.1 * step + 0.02 * bucket;
        job.Collective(dp, at, at + 0.005, {}, "ncclAllReduce", 100 + bucket, step);
      }
    }
  }
  JobBuilder job;
  std::vector<int> all;
  int dp = 0;
};

}  // namespace rankle::testing
