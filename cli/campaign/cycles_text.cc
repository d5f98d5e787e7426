#include "cli/campaign/cycles_text.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analyzer/stitch/describe.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

// Runs that prove a link, for people: the first few.
std::string RunsText(std::vector<std::string> runs) {
  constexpr size_t kFew = 3;
  const size_t more = runs.size() > kFew ? runs.size() - kFew : 0;
  runs.resize(runs.size() - more);
  return Cat(absl::StrJoin(runs, ", "), more > 0 ? Cat(" and ", more, " more") : "");
}

std::string SignatureText(stitch::Signature signature, const stitch::Names& names) {
  const auto info = names.signatures.find(signature);
  return info == names.signatures.end() ? absl::StrFormat("%016x", signature) : info->second.text;
}

std::string WhatText(const stitch::Edge& edge, const stitch::Names& names) {
  if (edge.effect == stitch::Effect::kNewBehaviour) {
    std::vector<std::string> fresh;
    for (const stitch::Evidence& evidence : edge.evidence) {
      for (const stitch::Signature signature : evidence.fresh)
        fresh.push_back(SignatureText(signature, names));
    }
    std::sort(fresh.begin(), fresh.end());
    fresh.erase(std::unique(fresh.begin(), fresh.end()), fresh.end());
    return fresh.empty() ? "it runs at all" : absl::StrJoin(fresh, ", ");
  }
  if (edge.effect == stitch::Effect::kMoreWork) {
    return edge.ratio > 0 ? absl::StrFormat("%.2f times as many calls", edge.ratio)
                          : "calls where there were none";
  }
  return "an iteration of the loop around it holds more";
}

std::string EdgeText(const stitch::Experiment& experiment, const stitch::Edge& edge,
                     const stitch::Names& names) {
  return Cat(stitch::Describe(experiment.fault, names), " (", experiment.workload, ")\n      -> ",
             stitch::SiteName(edge.to.site, names), edge.to.role.empty() ? "" : Cat(" [", edge.to.role, "]"),
             ": ", WhatText(edge, names), absl::StrFormat("  (%.3f)\n", edge.confidence));
}

std::string CycleText(size_t number, const stitch::Cycle& cycle, const stitch::Names& names) {
  std::string text = absl::StrFormat(
      "%d. a cycle of %d  (score %.2f: weakest link %.3f, severity %.2f; %d ways to close it)\n", number,
      cycle.edges.size(), cycle.factors.score, cycle.factors.weakest_confidence, cycle.factors.severity,
      cycle.variants);
  for (const stitch::CycleEdge& link : cycle.edges) {
    text += Cat("   ", EdgeText(link.experiment, link.edge, names), "      shown by ",
                RunsText(link.experiment.injected_runs), " against ", link.experiment.plain_runs.size(),
                " plain runs\n");
  }
  for (const std::string& condition : cycle.conditions) text += Cat("   if ", condition, "\n");
  return text;
}

}  // namespace

std::string CyclesText(const stitch::Stitched& stitched, const stitch::Causes& causes,
                       const stitch::Names& names) {
  std::string text =
      absl::StrFormat("%d experiments, %d effects, %d cycles in %d clusters\n", causes.experiments.size(),
                      causes.edges.size(), stitched.cycles.size() + stitched.not_reported, stitched.clusters);
  size_t number = 0;
  for (const stitch::Cycle& cycle : stitched.cycles) {
    if (cycle.leads_cluster) text += "\n" + CycleText(++number, cycle, names);
  }
  for (const std::string& cut : stitched.cut) text += Cat("not searched: ", cut, "\n");
  for (const std::string& note : causes.notes) text += Cat("note: ", note, "\n");
  return text;
}

std::string EdgesText(const stitch::Causes& causes, const stitch::Names& names) {
  std::string text;
  for (const stitch::Edge& edge : causes.edges)
    text += EdgeText(causes.experiments[edge.experiment], edge, names);
  return text;
}

}  // namespace rankle::cli
