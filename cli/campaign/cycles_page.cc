#include "cli/campaign/cycles_page.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analyzer/report/html/assets.h"
#include "analyzer/report/html/markup.h"
#include "analyzer/report/html/section.h"
#include "analyzer/stitch/describe.h"
#include "cli/campaign/cycle_drawing.h"
#include "cli/campaign/fault_taxonomy.h"
#include "cli/campaign/link_words.h"
#include "cli/campaign/replay.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

using html::Counted;
using html::Escape;
using html::Paragraph;
using stitch::Cycle;

constexpr char kPolicy[] =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
// A person reads a few dozen; a page of more is slow to open. Others of a cluster are nearly the same loop.
constexpr size_t kMostClusters = 100, kMostOthers = 10;
// Longer than any plan for one fault.
constexpr size_t kLongestPlan = 20'000;

std::string PlaceText(const stitch::Place& place, const stitch::Names& names) {
  return Cat(stitch::SiteName(place.site, names), place.role.empty() ? "" : Cat(" [", place.role, "]"));
}

std::string LinksTable(const Cycle& cycle, const stitch::Names& names) {
  std::string rows;
  for (const stitch::CycleEdge& link : cycle.edges) {
    const std::string cells[] = {stitch::Describe(link.experiment.fault, names), link.experiment.workload,
                                 Cat(PlaceText(link.edge.to, names), ": ", EffectInWords(link.edge, names)),
                                 absl::StrFormat("%.3f", link.edge.confidence),
                                 Cat(RunsInWords(link.experiment.injected_runs), " against ",
                                     RunsInWords(link.experiment.plain_runs))};
    rows += "<tr>";
    for (const std::string& cell : cells) rows += Cat("<td>", Escape(cell), "</td>");
    rows += "</tr>";
  }
  return Cat("<table class=\"links\"><thead><tr><th>fault</th><th>workload</th><th>what it caused</th>",
             "<th>confidence</th><th>runs that prove it</th></tr></thead><tbody>", rows, "</tbody></table>");
}

std::string ClassesTable(const Cycle& cycle, const CyclesReport& report) {
  std::string rows;
  for (const stitch::CycleEdge& link : cycle.edges) {
    const stitch::Fault& fault = link.experiment.fault;
    const taxonomy::FaultClass* row = ClassOfFault(fault, report.names, report.taxonomy);
    if (row == nullptr) continue;
    rows += "<tr>";
    for (const std::string& cell :
         {stitch::Describe(fault, report.names), row->says, absl::StrJoin(row->root_causes, ", "),
          absl::StrJoin(row->symptoms, ", ")})
      rows += Cat("<td>", Escape(cell), "</td>");
    rows += "</tr>";
  }
  if (rows.empty()) return "";
  return Cat(
      "<h3>Bugs that its faults stand for</h3><table class=\"links classes\"><thead><tr><th>fault</th>",
      "<th>what it is like</th><th>root causes</th><th>symptoms</th></tr></thead><tbody>", rows,
      "</tbody></table>");
}

std::string ConfirmationMarkup(const Cycle& cycle, const Confirmations& confirmations) {
  const auto found = confirmations.find(KeyOf(cycle));
  if (found == confirmations.end())
    return Paragraph("Not replayed yet: rankle stitch DIR --confirm tries it.", "mute");
  const Confirmation& told = found->second;
  std::string html =
      told.confirmed ? Paragraph(absl::StrFormat("Confirmed: %d of %d replays in workload '%s' held it up.",
                                                 told.shown, told.runs, told.workload),
                                 "told yes")
                     : Paragraph(Cat("Not confirmed: ", told.why, "."), "told no");
  if (told.plan.empty()) return html;
  return Cat(html, "<p>In the job of workload ", Escape(told.workload), ", ", HowToReplay(told.plan),
             ":</p><pre>", Escape(told.plan, kLongestPlan), "</pre>");
}

std::string CycleMarkup(const Cycle& cycle, const CyclesReport& report) {
  std::string conditions;
  if (!cycle.conditions.empty()) conditions = Cat("<h3>It closes if</h3>", html::List(cycle.conditions));
  return Cat(
      Paragraph(absl::StrFormat("Score %.2f: the weakest link has a confidence of %.3f, the worst of "
                                "its single faults a severity of %.2f. %s to close it.",
                                cycle.factors.score, cycle.factors.weakest_confidence, cycle.factors.severity,
                                Counted(static_cast<int64_t>(cycle.variants), "way")),
                "lead"),
      DrawCycle(cycle, report.names), LinksTable(cycle, report.names), conditions,
      ClassesTable(cycle, report), "<h3>Replay</h3>", ConfirmationMarkup(cycle, report.confirmations));
}

// The cycles that share most of their links with the one that leads their cluster.
std::string OthersMarkup(const std::vector<const Cycle*>& others, const CyclesReport& report) {
  if (others.empty()) return "";
  std::string html;
  for (size_t i = 0; i < std::min(others.size(), kMostOthers); ++i)
    html += Cat("<h3>", Counted(static_cast<int64_t>(others[i]->edges.size()), "link"), "</h3>",
                CycleMarkup(*others[i], report));
  if (others.size() > kMostOthers)
    html += Paragraph(Cat(others.size() - kMostOthers, " more: --format json has them all"), "mute");
  return Cat("<details class=\"others\"><summary>",
             Counted(static_cast<int64_t>(others.size()), "more cycle"), " that share",
             others.size() == 1 ? "s" : "", " most of these links</summary>", html, "</details>");
}

std::string Sections(const CyclesReport& report) {
  const std::vector<Cycle>& cycles = report.stitched.cycles;
  std::string html;
  size_t number = 0;
  for (const Cycle& leader : cycles) {
    if (!leader.leads_cluster) continue;
    if (number == kMostClusters)
      return Cat(html, "<section>", Paragraph("More clusters: --format json has them all."), "</section>");
    std::vector<const Cycle*> others;
    for (const Cycle& cycle : cycles) {
      if (!cycle.leads_cluster && cycle.cluster == leader.cluster) others.push_back(&cycle);
    }
    ++number;
    html += Cat("<section id=\"cycle", number, "\"><h2>", number, ". A cycle of ", leader.edges.size(),
                " links</h2>", CycleMarkup(leader, report), OthersMarkup(others, report), "</section>\n");
  }
  return html;
}

std::string NotesSection(const stitch::Stitched& stitched, const stitch::Causes& causes) {
  std::vector<std::string> notes;
  for (const std::string& cut : stitched.cut) notes.push_back(Cat("not searched: ", cut));
  notes.insert(notes.end(), causes.notes.begin(), causes.notes.end());
  if (notes.empty()) return "";
  return Cat("<section id=\"notes\"><h2>What this leaves open</h2>", html::List(notes), "</section>\n");
}

}  // namespace

std::string CyclesPage(const CyclesReport& report) {
  const stitch::Stitched& stitched = report.stitched;
  const stitch::Causes& causes = report.causes;
  const bool any = !stitched.cycles.empty();
  const std::string headline =
      any ? Cat(Counted(static_cast<int64_t>(stitched.clusters), "loop"), " may feed itself")
          : "Nothing was found that feeds itself";
  const std::string counts = absl::StrFormat(
      "%s, %s, %s in %s. Each link was seen alone; a cycle is a candidate until a replay holds it up.",
      Counted(static_cast<int64_t>(causes.experiments.size()), "experiment"),
      Counted(static_cast<int64_t>(causes.edges.size()), "effect"),
      Counted(static_cast<int64_t>(stitched.cycles.size() + stitched.not_reported), "cycle"),
      Counted(static_cast<int64_t>(stitched.clusters), "cluster"));
  return Cat(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
      "http-equiv=\"Content-Security-Policy\" content=\"",
      kPolicy, "\"><meta name=\"viewport\" content=\"width=device-width\"><title>rankle: ", headline,
      "</title><style>\n", html::Asset("page.css"), html::Asset("cycles.css"),
      "</style></head><body class=\"", any ? "bad" : "ok", "\"><main>\n<section id=\"verdict\"><h1>",
      headline, "</h1>", Paragraph(counts), "</section>\n", Sections(report), NotesSection(stitched, causes),
      "</main></body></html>\n");
}

}  // namespace rankle::cli
