#include "cli/campaign/cycles_text.h"

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "analyzer/stitch/describe.h"
#include "cli/campaign/fault_taxonomy.h"
#include "cli/campaign/link_words.h"
#include "cli/campaign/replay.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

std::string EdgeText(const stitch::Experiment& experiment, const stitch::Edge& edge,
                     const stitch::Names& names) {
  return Cat(stitch::Describe(experiment.fault, names), " (", experiment.workload, ")\n      -> ",
             stitch::SiteName(edge.to.site, names), edge.to.role.empty() ? "" : Cat(" [", edge.to.role, "]"),
             ": ", EffectInWords(edge, names), absl::StrFormat("  (%.3f)\n", edge.confidence));
}

std::string ConfirmationText(const Confirmation& found) {
  std::string text = found.confirmed ? absl::StrFormat("   confirmed: %d of %d replays of '%s' held it up\n",
                                                       found.shown, found.runs, found.workload)
                                     : Cat("   not confirmed: ", found.why, "\n");
  if (!found.plan.empty()) {
    text += Cat("   ", HowToReplay(found.plan), ":\n      ",
                absl::StrReplaceAll(absl::StripSuffix(found.plan, "\n"), {{"\n", "\n      "}}), "\n");
  }
  return text;
}

std::string ClassesText(const stitch::Cycle& cycle, const CyclesReport& report) {
  const CycleClasses classes = ClassesOf(cycle, report.names, report.taxonomy);
  if (classes.root_causes.empty()) return "";
  return Cat("   its faults stand for bugs of: ", absl::StrJoin(classes.root_causes, ", "),
             " (symptoms: ", absl::StrJoin(classes.symptoms, ", "), ")\n");
}

std::string CycleText(size_t number, const stitch::Cycle& cycle, const CyclesReport& report) {
  std::string text = absl::StrFormat(
      "%d. a cycle of %d  (score %.2f: weakest link %.3f, severity %.2f; %d ways to close it)\n", number,
      cycle.edges.size(), cycle.factors.score, cycle.factors.weakest_confidence, cycle.factors.severity,
      cycle.variants);
  for (const stitch::CycleEdge& link : cycle.edges) {
    text += Cat("   ", EdgeText(link.experiment, link.edge, report.names), "      shown by ",
                RunsInWords(link.experiment.injected_runs), " against ", link.experiment.plain_runs.size(),
                " plain runs\n");
  }
  for (const std::string& condition : cycle.conditions) text += Cat("   if ", condition, "\n");
  text += ClassesText(cycle, report);
  const auto found = report.confirmations.find(KeyOf(cycle));
  return found == report.confirmations.end() ? text : text + ConfirmationText(found->second);
}

}  // namespace

std::string CyclesText(const CyclesReport& report) {
  const stitch::Stitched& stitched = report.stitched;
  const stitch::Causes& causes = report.causes;
  std::string text =
      absl::StrFormat("%d experiments, %d effects, %d cycles in %d clusters\n", causes.experiments.size(),
                      causes.edges.size(), stitched.cycles.size() + stitched.not_reported, stitched.clusters);
  size_t number = 0;
  for (const stitch::Cycle& cycle : stitched.cycles) {
    if (cycle.leads_cluster) text += "\n" + CycleText(++number, cycle, report);
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
