// Tries every single fault on every planted program and its twin, and prints which cycles the edges make:
//   cascade_sweep [once|every] [PROGRAM...]
// once: a delay at one hit of the site. every: at each hit. Some 900 runs, about 4 minutes a mode.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "corpora/programs/cascades/evidence/job_run.h"
#include "corpora/programs/cascades/evidence/single_faults.h"
#include "corpora/programs/cascades/evidence/truth.h"

namespace rankle::cascades {
namespace {

// A count that differs between plain runs, on a busy machine, is seen to do so with a few of them.
constexpr int kPlainRuns = 4;
constexpr size_t kLongestCycle = 5;

struct Swept {
  FaultGraph graph;
  size_t runs = 0;
  size_t unhealthy = 0;  // plain runs that did work twice, or not all of it: effects hide behind them
};

Swept Sweep(const Truth& truth, bool fixed, bool every, const std::string& folder) {
  Swept swept;
  for (const std::string& workload : truth.workloads) {
    JobSpec spec{absl::StrCat(CASCADES_BIN, "/", truth.name), truth.campaign_ranks, fixed, workload, ""};
    const std::vector<JobRun> plain = RunJobs(std::vector<JobSpec>(kPlainRuns, spec), folder);
    const std::vector<Trial> trials = TrialsFor(plain, truth.delay_ms, every);
    std::vector<JobSpec> specs;
    for (const Trial& trial : trials) {
      specs.push_back(spec);
      specs.back().trigger = trial.trigger;
    }
    const std::vector<JobRun> injected = RunJobs(specs, folder);
    for (size_t at = 0; at < trials.size(); ++at) {
      AddEdges(trials[at], plain, injected[at], truth.delay_ms, &swept.graph);
    }
    swept.runs += plain.size() + injected.size();
    swept.unhealthy += static_cast<size_t>(std::count_if(plain.begin(), plain.end(), [](const JobRun& run) {
      return !run.AllDone() || run.Field("redos") != 0;
    }));
  }
  return swept;
}

std::vector<Fault> PlantedCycle(const Truth& truth) {
  std::vector<Fault> cycle;
  for (const Edge& edge : truth.cycle) cycle.push_back(FaultAt(edge.cause, edge.fault));
  std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
  return cycle;
}

void Report(const Truth& truth, bool fixed, const Swept& swept) {
  const std::set<std::vector<Fault>> cycles = Cycles(swept.graph, kLongestCycle);
  size_t edges = 0;
  for (const auto& [fault, effects] : swept.graph) edges += effects.size();
  std::printf("%s %s: runs %zu, edges %zu, cycles %zu, planted one %s\n", truth.name.c_str(),
              fixed ? "twin" : "planted", swept.runs, edges, cycles.size(),
              cycles.count(PlantedCycle(truth)) > 0 ? "found" : "not found");
  if (swept.unhealthy > 0) std::printf("  %zu plain runs were not healthy: run it again\n", swept.unhealthy);
  for (const std::vector<Fault>& cycle : cycles) std::printf("  %s\n", absl::StrJoin(cycle, " -> ").c_str());
  std::fflush(stdout);
}

int Main(const std::vector<std::string>& arguments) {
  std::stringstream text;
  text << std::ifstream(CASCADES_TRUTH).rdbuf();
  const auto truths = ReadTruths(text.str(), "cascades.yaml");
  if (!truths.ok() || arguments.empty() || (arguments[0] != "once" && arguments[0] != "every")) {
    std::fprintf(stderr, "%s\nusage: cascade_sweep once|every [PROGRAM...]\n",
                 truths.status().ToString().c_str());
    return 2;
  }
  std::string folder = std::filesystem::temp_directory_path() / "cascade-sweep-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 13;
  for (const Truth& truth : *truths) {
    const bool wanted = arguments.size() == 1 ||
                        std::find(arguments.begin() + 1, arguments.end(), truth.name) != arguments.end();
    for (const bool fixed : {false, true}) {
      if (wanted) Report(truth, fixed, Sweep(truth, fixed, arguments[0] == "every", folder));
    }
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace rankle::cascades

int main(int argc, char** argv) { return rankle::cascades::Main({argv + 1, argv + argc}); }
