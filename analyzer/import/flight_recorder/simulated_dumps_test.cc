// Verdicts on many simulated jobs of random shape: the culprit where it can be told, and nobody else
// anywhere.
#include "analyzer/testing/simulated_dumps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "analyzer/analyze.h"
#include "analyzer/import/flight_recorder/dump.h"
#include "analyzer/import/flight_recorder/dump_job.h"

namespace rankle {
namespace {

using testing::Simulate;
using testing::SimulatedDumps;
using testing::SimulatedFault;

constexpr uint32_t kJobs = 40;

Verdict VerdictOn(const SimulatedDumps& job, int missing) {
  std::vector<import::Dump> dumps;
  import::DumpReader reader;
  for (int rank = 0; rank < static_cast<int>(job.dumps.size()); ++rank) {
    if (rank == missing) continue;
    import::Dump& dump = dumps.emplace_back();
    EXPECT_TRUE(reader.Read(ToPickle(job.dumps[rank]), absl::StrCat("dump_", rank), dump).ok());
  }
  store::Store store;
  import::BuildStore(std::move(dumps), store);
  const auto report = AnalyzeStore(std::move(store), {});
  EXPECT_TRUE(report.ok()) << report.status();
  return report->verdict;
}

struct Tally {
  int jobs = 0, exact = 0, nobody = 0, wrong = 0;
};
Tally Judge(SimulatedFault fault, const std::string& anomaly, bool lose_a_dump) {
  Tally tally;
  for (uint32_t seed = 0; seed < kJobs; ++seed) {
    const SimulatedDumps job = Simulate(fault, seed);
    if (!job.hangs) continue;
    ++tally.jobs;
    const int missing = lose_a_dump ? static_cast<int>(seed % job.dumps.size()) : -1;
    const Verdict verdict = VerdictOn(job, missing);
    const bool culprit_only = verdict.ranks == std::vector<int32_t>{job.culprit};
    tally.exact += culprit_only && verdict.anomaly == anomaly;
    tally.nobody += verdict.ranks.empty();
    if (verdict.ranks.empty() || culprit_only || verdict.confidence <= 0.5) continue;
    ++tally.wrong;
    ADD_FAILURE() << "seed " << seed << ", culprit " << job.culprit << ": " << verdict.anomaly << ", "
                  << verdict.summary;
  }
  EXPECT_GT(tally.jobs, static_cast<int>(kJobs) / 2);
  return tally;
}

TEST(SimulatedDumpsTest, AHostThatStopsIsAlwaysNamed) {
  const Tally tally = Judge(SimulatedFault::kHost, "hang.not_entered", false);
  EXPECT_EQ(tally.exact, tally.jobs);
}

TEST(SimulatedDumpsTest, ADeviceOfWhichNothingIsSeenToCompleteIsAlwaysNamed) {
  const Tally tally = Judge(SimulatedFault::kCompletion, "hang.in_collective", false);
  EXPECT_EQ(tally.exact, tally.jobs);
}

TEST(SimulatedDumpsTest, ADeviceThatJustStopsIsNotToldFromItsPeersAndNobodyIsAccused) {
  const Tally tally = Judge(SimulatedFault::kDevice, "hang.in_collective", false);
  EXPECT_EQ(tally.nobody + tally.exact, tally.jobs);
}

TEST(SimulatedDumpsTest, WithOneDumpLostNobodyElseIsAccused) {
  for (const SimulatedFault fault :
       {SimulatedFault::kHost, SimulatedFault::kCompletion, SimulatedFault::kDevice}) {
    EXPECT_EQ(Judge(fault, "", true).wrong, 0);
  }
}

}  // namespace
}  // namespace rankle
