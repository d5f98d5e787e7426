// Smallest slow-down that is detected, as a table: slow_limits [JITTER]
// A data-parallel job of N ranks, 60 steps of 48 ms of work, in which some ranks work `factor` times as long
// from the second third on. A factor counts as detected when exactly the culprits are named in every one of a
// few jobs that differ in their jitter. Beside it the rule of the mean on the same records: a rank is slow
// when its own time is above three times the mean of all ranks' (the mean contains the outliers).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <numeric>

#include "analyzer/analyze.h"
#include "analyzer/import/importer.h"
#include "tests/synthetic_job/records.h"

namespace rankle::synthetic {
namespace {

constexpr int kSeeds = 5;
constexpr int kCollectives = 300;  // 60 steps
constexpr double kMeanRule = 3;

using Ranks = std::vector<int32_t>;
using Detector = Ranks (*)(store::Store);

Ranks Rankle(store::Store store) {
  const auto report = AnalyzeStore(std::move(store), {});
  return report.ok() && report->verdict.anomaly == "slow.compute" ? report->verdict.ranks : Ranks{};
}

// Own time is what lies between the end of an operation and the beginning of the next, in the slow steps.
Ranks MeanRule(store::Store store) {
  const auto& o = store.operations;
  const int32_t last_step = *std::max_element(o.step.begin(), o.step.end());
  std::vector<double> own(store.ranks.size(), 0);
  for (size_t r = 0; r < own.size(); ++r) {
    for (size_t i = store.rank_begin(r) + 1; i < store.rank_begin(r + 1); ++i) {
      if (o.step[i] * 3 > last_step) own[r] += static_cast<double>(o.started[i] - o.finished[i - 1]);
    }
  }
  const double mean = std::accumulate(own.begin(), own.end(), 0.0) / static_cast<double>(own.size());
  Ranks slow;
  for (size_t r = 0; r < own.size(); ++r) {
    if (own[r] > kMeanRule * mean) slow.push_back(store.GlobalRank(static_cast<int32_t>(r)));
  }
  return slow;
}

JobSpec Job(int ranks, int culprits, double jitter) {
  JobSpec spec;
  spec.ranks = ranks, spec.tensor = 1, spec.pipeline = 1, spec.collectives = kCollectives;
  spec.fault = Fault::kSlow, spec.jitter = jitter;
  for (int i = 0; i < culprits; ++i) spec.culprits.push_back((2 * i + 1) * ranks / (2 * culprits));
  return spec;
}

// Are exactly the culprits found in every job?
bool Detects(Detector detector, JobSpec spec, const std::string& directory) {
  for (int seed = 1; seed <= kSeeds; ++seed) {
    spec.seed = static_cast<uint64_t>(seed);
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    if (const auto written = WriteFlightRecords(spec, directory); !written.ok()) {
      std::fprintf(stderr, "slow_limits: %s\n", std::string(written.status().message()).c_str());
      std::exit(1);
    }
    auto store = import::ImportPaths({directory});
    if (!store.ok() || detector(*std::move(store)) != spec.culprits) return false;
  }
  return true;
}

// The smallest detected factor among 1 + unit, 1 + 2 unit, ..., by bisection; "never" when `most` is not.
std::string Smallest(Detector detector, JobSpec spec, double unit, double most,
                     const std::string& directory) {
  const auto detects = [&](int units) {
    spec.factor = 1 + units * unit;
    return Detects(detector, spec, directory);
  };
  int undetected = 0, detected = static_cast<int>((most - 1) / unit + 0.5);
  if (!detects(detected)) return "never";
  while (detected - undetected > 1) {
    const int middle = (undetected + detected) / 2;
    (detects(middle) ? detected : undetected) = middle;
  }
  char text[16];
  std::snprintf(text, sizeof(text), "%.*f", unit < 0.1 ? 2 : 1, 1 + detected * unit);
  return text;
}

void PrintTable(double jitter, const std::string& directory) {
  std::printf(
      "| ranks | 1 culprit | 2 | 4 | mean rule: 1 culprit | 2 | 4 |\n|---|---|---|---|---|---|---|\n");
  for (int ranks : {4, 8, 16, 64, 256}) {
    std::printf("| %d |", ranks);
    const struct {
      Detector detector;
      double unit, most;
    } columns[] = {{Rankle, 0.01, 2}, {MeanRule, 0.1, 20}};
    for (const auto& [detector, unit, most] : columns) {
      for (int culprits : {1, 2, 4}) {
        // When everybody is slow, nobody is slower than the others.
        const std::string factor =
            culprits == ranks ? "-" : Smallest(detector, Job(ranks, culprits, jitter), unit, most, directory);
        std::printf(" %s |", factor.c_str());
      }
    }
    std::printf("\n");
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace rankle::synthetic

int main(int argc, char** argv) {
  char scratch[] = "/tmp/rankle-slow-limits-XXXXXX";
  if (mkdtemp(scratch) == nullptr) return 1;
  rankle::synthetic::PrintTable(argc > 1 ? std::atof(argv[1]) : 0.02, std::string(scratch) + "/job");
  std::filesystem::remove_all(scratch);
  return 0;
}
