// Proves cascades.yaml on the programs themselves: healthy runs are healthy, the cascade outlives its
// trigger, the twin recovers, each edge of the cycle shows alone, and the twin lacks one.
//
// Usage: cascades_test --gtest_filter=*/PROGRAM (all jobs of a program run once, for all of its tests).
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "corpora/programs/cascades/evidence/job_run.h"
#include "corpora/programs/cascades/evidence/truth.h"

namespace rankle::cascades {

// For messages of googletest.
void PrintTo(const Truth& truth, std::ostream* out) { *out << truth.name; }

namespace {

constexpr int kRepeats = 3;
// What is new in an injected run is new against so many plain ones.
constexpr int kPlainRuns = 2;

std::vector<Truth> Truths() {
  std::stringstream text;
  text << std::ifstream(CASCADES_TRUTH).rdbuf();
  auto truths = ReadTruths(text.str(), "cascades.yaml");
  EXPECT_TRUE(truths.ok()) << truths.status();
  return truths.value_or(std::vector<Truth>());
}

// All runs of a program that its tests look at, of the planted one or of the twin.
struct Evidence {
  std::vector<JobRun> healthy;                       // of the replay job
  std::vector<JobRun> triggered;                     // of the replay job
  std::map<std::string, std::vector<JobRun>> plain;  // of the campaign's jobs, by workload
  std::vector<JobRun> edges;                         // by edge
  std::vector<JobRun> without_condition;             // none or one
};

std::string Describe(const JobRun& run) {
  std::string text = run.output;
  for (const int code : run.exit_codes) absl::StrAppend(&text, "exit code ", code, "\n");
  return text;
}

std::vector<JobSpec> Specs(const Truth& truth, bool fixed) {
  const auto job = [&](int ranks, const std::string& workload, const std::string& trigger) {
    return JobSpec{absl::StrCat(CASCADES_BIN, "/", truth.name), ranks, fixed, workload, trigger};
  };
  std::vector<JobSpec> specs;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    specs.push_back(job(truth.replay_ranks, truth.replay_workload, truth.replay_trigger));
  }
  specs.push_back(job(truth.replay_ranks, truth.replay_workload, ""));
  for (const std::string& workload : truth.workloads) {
    for (int repeat = 0; repeat < kPlainRuns; ++repeat)
      specs.push_back(job(truth.campaign_ranks, workload, ""));
  }
  for (const Edge& edge : truth.cycle)
    specs.push_back(job(truth.campaign_ranks, edge.workload, edge.trigger));
  if (const auto& edge = truth.without_condition) {
    specs.push_back(job(truth.campaign_ranks, edge->workload, edge->trigger));
  }
  return specs;
}

// Takes the runs of Specs apart.
Evidence Sorted(const Truth& truth, std::vector<JobRun>::const_iterator run) {
  Evidence evidence;
  for (int repeat = 0; repeat < kRepeats; ++repeat) evidence.triggered.push_back(*run++);
  evidence.healthy.push_back(*run++);
  for (const std::string& workload : truth.workloads) {
    for (int repeat = 0; repeat < kPlainRuns; ++repeat) evidence.plain[workload].push_back(*run++);
  }
  for (size_t edge = 0; edge < truth.cycle.size(); ++edge) evidence.edges.push_back(*run++);
  if (truth.without_condition) evidence.without_condition.push_back(*run++);
  return evidence;
}

struct Pair {
  Evidence planted, twin;
};

const Pair& EvidenceOf(const Truth& truth) {
  static std::map<std::string, Pair>& known = *new std::map<std::string, Pair>;
  const auto found = known.find(truth.name);
  if (found != known.end()) return found->second;
  std::string folder = std::filesystem::temp_directory_path() / "cascades-test-XXXXXX";
  EXPECT_NE(::mkdtemp(folder.data()), nullptr);
  const std::vector<JobSpec> planted = Specs(truth, false), twin = Specs(truth, true);
  std::vector<JobSpec> all = planted;
  all.insert(all.end(), twin.begin(), twin.end());
  const std::vector<JobRun> runs = RunJobs(all, folder);
  std::filesystem::remove_all(folder);
  return known[truth.name] = {Sorted(truth, runs.begin()),
                              Sorted(truth, runs.begin() + static_cast<ptrdiff_t>(planted.size()))};
}

bool Shows(const Edge& edge, const std::vector<JobRun>& plain, const JobRun& injected) {
  const SiteCount after = injected.At(edge.effect);
  return std::all_of(plain.begin(), plain.end(), [&](const JobRun& run) {
    const SiteCount before = run.At(edge.effect);
    if (edge.outcome.empty()) return after.hits > before.hits;
    return after.outcomes.count(edge.outcome) > 0 && before.outcomes.count(edge.outcome) == 0;
  });
}

std::string Describe(const Edge& edge) {
  return absl::StrCat(edge.trigger, " -> ", edge.effect.function, ":", edge.effect.call, " ",
                      edge.outcome.empty() ? "S+" : edge.outcome, " in ", edge.workload);
}

class Cascade : public testing::TestWithParam<Truth> {
 protected:
  const Pair& evidence() const { return EvidenceOf(GetParam()); }
};

TEST_P(Cascade, HealthyRunsDoAllWorkOnce) {
  for (const Evidence* side : {&evidence().planted, &evidence().twin}) {
    std::vector<JobRun> runs = side->healthy;
    for (const auto& [workload, plain] : side->plain) runs.insert(runs.end(), plain.begin(), plain.end());
    for (const JobRun& run : runs) {
      EXPECT_TRUE(run.AllDone()) << Describe(run);
      EXPECT_EQ(run.Field("redos"), 0) << Describe(run);
      EXPECT_EQ(run.Field("sustained"), 0) << Describe(run);
    }
  }
}

TEST_P(Cascade, OutlivesItsTrigger) {
  for (const JobRun& run : evidence().planted.triggered) {
    EXPECT_TRUE(run.fault_happened);
    EXPECT_EQ(run.Field("sustained"), 1) << Describe(run);
  }
}

TEST_P(Cascade, TheTwinRecovers) {
  for (const JobRun& run : evidence().twin.triggered) {
    EXPECT_TRUE(run.fault_happened);
    EXPECT_TRUE(run.AllDone()) << Describe(run);
    EXPECT_EQ(run.Field("sustained"), 0) << Describe(run);
  }
}

TEST_P(Cascade, EachEdgeShowsAlone) {
  const Truth& truth = GetParam();
  const Evidence& planted = evidence().planted;
  for (size_t at = 0; at < truth.cycle.size(); ++at) {
    EXPECT_TRUE(planted.edges[at].fault_happened) << Describe(truth.cycle[at]);
    EXPECT_TRUE(Shows(truth.cycle[at], planted.plain.at(truth.cycle[at].workload), planted.edges[at]))
        << Describe(truth.cycle[at]) << "\n"
        << Describe(planted.edges[at]);
  }
}

TEST_P(Cascade, TheTwinLacksAnEdge) {
  const Truth& truth = GetParam();
  const Evidence& twin = evidence().twin;
  size_t shown = 0;
  for (size_t at = 0; at < truth.cycle.size(); ++at) {
    shown += Shows(truth.cycle[at], twin.plain.at(truth.cycle[at].workload), twin.edges[at]) ? 1 : 0;
  }
  EXPECT_LT(shown, truth.cycle.size());
}

TEST_P(Cascade, WithoutItsConditionTheFirstEdgeIsMissing) {
  const Truth& truth = GetParam();
  if (!truth.without_condition) return;  // most have none that a single fault could be without
  const Evidence& planted = evidence().planted;
  const JobRun& run = planted.without_condition.front();
  EXPECT_TRUE(run.fault_happened);
  EXPECT_FALSE(Shows(*truth.without_condition, planted.plain.at(truth.without_condition->workload), run))
      << Describe(run);
}

INSTANTIATE_TEST_SUITE_P(Planted, Cascade, testing::ValuesIn(Truths()),
                         [](const testing::TestParamInfo<Truth>& info) { return info.param.name; });

}  // namespace
}  // namespace rankle::cascades
