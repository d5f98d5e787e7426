// What the taxonomy costs: loading it (every analysis), building its database (`rankle bugs`), comparing one
// finding with all bugs, and scanning logs. Figures: docs/measurements.md.
#include <benchmark/benchmark.h>

#include "analyzer/taxonomy/bug_database.h"
#include "analyzer/taxonomy/load.h"
#include "analyzer/taxonomy/log_matches.h"
#include "analyzer/taxonomy/similar.h"

namespace rankle::taxonomy {
namespace {

void LoadKnowledge(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(LoadBuiltIn());
}
BENCHMARK(LoadKnowledge)->Unit(benchmark::kMillisecond);

void BuildBugDatabase(benchmark::State& state) {
  const Knowledge knowledge = *LoadBuiltIn();
  for (auto _ : state) benchmark::DoNotOptimize(BugDatabase::Build(knowledge, {}, {}, {}));
}
BENCHMARK(BuildBugDatabase)->Unit(benchmark::kMillisecond);

void CompareFinding(benchmark::State& state) {
  const Knowledge knowledge = *LoadBuiltIn();
  const std::vector<LogMatch> log;
  FindingEvidence finding;
  finding.anomaly = "hang.not_entered", finding.symptom = "hang", finding.op = "AllReduce",
  finding.log = &log;
  finding.tokens = {"class:hang.not_entered", "op:collective"};
  finding.root_causes = {{"distributed_communication_error", 0.5}};
  for (auto _ : state) benchmark::DoNotOptimize(FindSimilarBugs(knowledge, finding));
}
BENCHMARK(CompareFinding)->Unit(benchmark::kMillisecond);

void ScanLog(benchmark::State& state) {
  const LogScanner scanner(*LoadBuiltIn());
  std::string text;
  for (int i = 0; i < 100'000; ++i) {
    text += "step " + std::to_string(i) + " loss 2.3456 grad norm 1.25 tokens/s 45678 [rank3] lr 3e-4\n";
    if (i % 1000 == 0) text += "node1:77:99 [0] NCCL WARN something\n";
  }
  for (auto _ : state) {
    std::vector<LogMatch> matches;
    scanner.Scan("log.txt", text, 1, matches);
    benchmark::DoNotOptimize(matches);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
BENCHMARK(ScanLog)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rankle::taxonomy

BENCHMARK_MAIN();
