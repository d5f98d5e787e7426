// Time, memory and completeness of stitching on made-up edges: a random set of 100,000 with planted cycles of
// 2 to 5 edges, which must all be found, and a dense one, in which the bounds must hold and be said. Prints
// the table of docs/measurements.md: stitch_scale [EDGES]. Draws are seeded.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "analyzer/stitch/allocate/random.h"
#include "analyzer/stitch/search/stitch.h"

namespace {

using namespace rankle::stitch;

struct Shape {
  const char* name;
  size_t places;
  size_t experiments_a_place;
  size_t call_sites, signatures;  // of each place; the fewer, the more edges fit
  size_t planted;
};

class World {
 public:
  World(const Shape& shape, size_t edges) : shape_(shape), random_(1) {
    causes.experiments.reserve(shape.places * shape.experiments_a_place);
    for (size_t place = 0; place < shape.places; ++place) {
      // Two fifths are loops that are delayed.
      delay_.push_back(random_.Unit() < 0.4);
      for (size_t i = 0; i < shape.experiments_a_place; ++i) AddExperiment(place, i);
    }
    while (planted.size() < shape.planted) Plant();
    while (causes.edges.size() < edges) {
      AddEdge(random_.Below(causes.experiments.size()), random_.Below(shape.places), nullptr);
    }
  }

  size_t PlantedFound(const Walked& walked, const StitchGraph& graph) const {
    std::set<std::vector<SiteId>> found;
    for (const FoundCycle& cycle : walked.cycles) {
      std::vector<SiteId> sites;
      for (uint32_t g : cycle.groups) {
        sites.push_back(graph.places[graph.departures[graph.groups[g].departure].place].site);
      }
      found.insert(sites);
    }
    return std::count_if(planted.begin(), planted.end(),
                         [&](const std::vector<SiteId>& cycle) { return found.contains(cycle); });
  }

  Causes causes;
  std::vector<std::vector<SiteId>> planted;  // smallest first

 private:
  void AddExperiment(size_t place, size_t index) {
    Experiment experiment;
    experiment.workload = "w" + std::to_string(index);
    experiment.fault = {place + 1, delay_[place] ? FaultKind::kDelay : FaultKind::kError, 1, 0, ""};
    experiment.injected_runs = {"r" + std::to_string(causes.experiments.size())};
    experiment.own.push_back({{{"", place + 1}, 1 + random_.Below(shape_.call_sites)}, {}});
    if (!delay_[place]) experiment.own.back().signatures = {1 + random_.Below(shape_.signatures)};
    causes.experiments.push_back(experiment);
  }

  // Behaves like `own` where that is given, else at random.
  void AddEdge(size_t experiment, size_t to, const Experiment::Own* own) {
    Edge edge;
    edge.experiment = experiment;
    edge.effect = delay_[to] ? Effect::kMoreWork : Effect::kNewBehaviour;
    edge.to = {"", to + 1};
    edge.confidence = 0.95 + 0.05 * random_.Unit();
    Evidence evidence;
    evidence.call_site = own != nullptr ? own->key.call_site : 1 + random_.Below(shape_.call_sites);
    if (!delay_[to]) {
      evidence.fresh =
          own != nullptr ? own->signatures : std::vector<Signature>{1 + random_.Below(shape_.signatures)};
    }
    edge.evidence.push_back(evidence);
    causes.edges.push_back(edge);
  }

  void Plant() {
    std::set<size_t> places;
    const size_t length = 2 + random_.Below(4);
    while (places.size() < length) places.insert(random_.Below(shape_.places));
    std::vector<size_t> order(places.begin(), places.end()), experiments;
    std::vector<SiteId> cycle;
    for (size_t place : order) {
      experiments.push_back(place * shape_.experiments_a_place + random_.Below(shape_.experiments_a_place));
      cycle.push_back(place + 1);
    }
    for (size_t i = 0; i < length; ++i) {
      const size_t next = (i + 1) % length;
      AddEdge(experiments[i], order[next], &causes.experiments[experiments[next]].own.front());
    }
    planted.push_back(cycle);
  }

  const Shape& shape_;
  Random random_;
  std::vector<bool> delay_;
};

double PeakMiB() {  // of the process so far: the shapes come in the order of their sizes
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024.0;
}

void Print(const Shape& shape, size_t edges) {
  const World world(shape, edges);
  const auto begin = std::chrono::steady_clock::now();
  const Stitched stitched = Stitch(world.causes, {});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double peak = PeakMiB();
  const StitchGraph graph = BuildGraph(world.causes, {}, true);
  const size_t found = world.PlantedFound(FindCycles(world.causes, graph), graph);
  printf(
      "| %s | %zu | %zu | %zu of %zu | %zu in %zu clusters of the first %zu | %.2f | %.0f s | %.0f MiB |\n",
      shape.name, world.causes.edges.size(), shape.places, found, world.planted.size(),
      stitched.cycles.size() + stitched.not_reported, stitched.clusters, stitched.cycles.size(),
      stitched.steps / 1e6, seconds, peak);
  for (const std::string& cut : stitched.cut) printf("  cut: %s\n", cut.c_str());
  fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const size_t edges = argc > 1 ? strtoul(argv[1], nullptr, 10) : 100'000;
  printf(
      "| edges | number | places | planted cycles found | cycles | million steps | time | peak memory |\n"
      "|---|---|---|---|---|---|---|---|\n");
  const Shape shapes[] = {
      {"random, places behave in 8 x 20 ways", 5'000, 10, 8, 20, 200},
      {"random, places behave in 4 x 4 ways", 5'000, 10, 4, 4, 200},
      {"dense: few places, nearly all fits", 200, 50, 2, 2, 20},
  };
  for (const Shape& shape : shapes) Print(shape, edges);
}
