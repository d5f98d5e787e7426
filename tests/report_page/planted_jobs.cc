// planted_jobs DIR: records of small jobs that are hard to get from real runs, one a directory below DIR, for
// the test of the HTML report: names that are markup and script, ranks that wait for each other, a rank
// without a record, and a job that calls nothing.
#include <filesystem>
#include <iostream>

#include "analyzer/testing/diagnose.h"

namespace rankle::testing {
namespace {

JobBuilder Hostile() {
  const std::string name = "</text><img src=x onerror='window.hostile=1'>";
  JobBuilder job(6);
  const int dp = job.Communicator(name, {0, 1, 2, 3, 4, 5});
  job.Steps(dp, 1, 30);
  job.Exited(4, 3.4, 1);
  Enter(job, dp, 3.35, {0, 1, 2, 3, 5});
  job.ObservedUntil(9);
  return job;
}

JobBuilder Deadlock() {
  JobBuilder job(4);
  const int a = job.Communicator("tp", {0, 1, 2, 3}), b = job.Communicator("dp", {0, 1, 2, 3});
  for (int step = 1; step <= 20; ++step) {
    job.Collective(a, 0.1 * step, 0.1 * step + 0.01, {}, "ncclAllReduce", 64, step);
    job.Collective(b, 0.1 * step + 0.05, 0.1 * step + 0.06, {}, "ncclAllReduce", 64, step);
  }
  for (const auto& [rank, communicator] :
       {std::pair(0, a), std::pair(1, a), std::pair(2, b), std::pair(3, b)}) {
    Op op;
    op.rank = rank, op.communicator = communicator, op.entered = 3, op.returned = false, op.step = 21;
    job.Add(op);
  }
  job.ObservedUntil(30);
  return job;
}

JobBuilder Unknown() {
  DdpJob ddp(4);
  Enter(ddp.job, ddp.dp, 2.5, {0, 2, 3});
  ddp.job.WithoutRecord(1).ObservedUntil(20);
  return ddp.job;
}

JobBuilder Idle() {
  JobBuilder job(4);
  job.ObservedUntil(3);
  return job;
}

}  // namespace
}  // namespace rankle::testing

int main(int argc, char** argv) {
  using namespace rankle::testing;
  if (argc != 2) {
    std::cerr << "usage: planted_jobs DIR\n";
    return 2;
  }
  const std::pair<const char*, JobBuilder> jobs[] = {
      {"hostile", Hostile()}, {"deadlock", Deadlock()}, {"unknown", Unknown()}, {"idle", Idle()}};
  for (const auto& [name, job] : jobs) {
    const std::filesystem::path directory = std::filesystem::path(argv[1]) / name;
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (!job.WriteTo(directory.string())) {
      std::cerr << directory << " cannot be written\n";
      return 1;
    }
  }
  return 0;
}
