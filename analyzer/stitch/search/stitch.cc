#include "analyzer/stitch/search/stitch.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/stitch/describe.h"
#include "analyzer/stitch/search/rank.h"

namespace rankle::stitch {
namespace {

std::vector<std::string> Conditions(const std::vector<CycleEdge>& edges, const Names& names) {
  std::vector<std::string> conditions;
  std::set<std::string> workloads;
  for (const CycleEdge& link : edges) workloads.insert(link.experiment.workload);
  if (workloads.size() > 1) {
    conditions.push_back(
        absl::StrCat("the links were seen in different workloads: ", absl::StrJoin(workloads, ", ")));
  }
  for (size_t i = 0; i < edges.size(); ++i) {
    const CycleEdge& link = edges[i];
    const std::string place = SiteName(link.edge.to.site, names);
    if (link.junction.past_guards) {
      conditions.push_back(
          absl::StrCat(place, ": its guard has to let the error through, which the injection passed over"));
    }
    if (IsLoad(link.edge.effect)) {
      const Fault& next = edges[(i + 1) % edges.size()].experiment.fault;
      conditions.push_back(
          absl::StrCat(place, ": the added work has to take as long as the ", Describe(next, names)));
    }
    if (link.experiment.bad_ends > 0) {
      conditions.push_back(absl::StrCat(
          "the effects have to come before the job ends: ", Describe(link.experiment.fault, names), " ended ",
          std::lround(100 * link.experiment.bad_ends), " % more of its runs badly"));
    }
  }
  return conditions;
}

Cycle Expand(const Causes& causes, const Names& names, const StitchGraph& graph, const FoundCycle& found) {
  Cycle cycle;
  cycle.variants = found.variants;
  for (uint32_t g : found.groups) {
    const StitchGraph::Group& group = graph.groups[g];
    const Edge& edge = causes.edges[group.edges.front()];
    cycle.edges.push_back({causes.experiments[edge.experiment], edge, {}, group.edges.size() - 1});
  }
  for (size_t i = 0; i < cycle.edges.size(); ++i) {
    const Experiment& next = cycle.edges[(i + 1) % cycle.edges.size()].experiment;
    cycle.edges[i].junction = *Meet(cycle.edges[i].edge, next, names);  // the walk only closes what meets
  }
  cycle.conditions = Conditions(cycle.edges, names);
  return cycle;
}

}  // namespace

Stitched Stitch(const Causes& causes, const Names& names, const StitchOptions& options) {
  const StitchGraph graph = BuildGraph(causes, names, options.load_after_load);
  Walked walked = FindCycles(causes, graph, options.limits);
  std::vector<Ranked> ranked = Rank(causes, graph, walked.cycles);
  Stitched stitched;
  stitched.edges = causes.edges.size();
  stitched.edges_left_out = graph.left_out;
  stitched.steps = walked.steps;
  stitched.cut = std::move(walked.cut);
  const size_t reported = std::min(options.report, ranked.size());
  stitched.not_reported = ranked.size() - reported;
  stitched.clusters = Cluster(graph, walked.cycles, reported, ranked);
  for (size_t i = 0; i < reported; ++i) {
    Cycle cycle = Expand(causes, names, graph, walked.cycles[ranked[i].found]);
    cycle.cluster = ranked[i].cluster;
    cycle.leads_cluster = ranked[i].leads;
    cycle.factors = ranked[i].factors;
    stitched.cycles.push_back(std::move(cycle));
  }
  return stitched;
}

}  // namespace rankle::stitch
