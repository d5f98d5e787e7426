#include "cli/campaign/cycle_drawing.h"

#include "absl/strings/str_format.h"
#include "analyzer/report/html/markup.h"
#include "analyzer/report/html/svg.h"
#include "analyzer/stitch/describe.h"
#include "cli/campaign/link_words.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

using html::Number;
using html::Svg;

// Pixels. An arrow is as long as its three lines of label.
constexpr double kLeft = 90, kWidth = 930, kBox = 46, kArrow = 78, kTop = 6;
constexpr double kArrowX = 150, kLabelX = 176, kReturnX = 40, kHead = 8, kLine = 18;
// Characters that fit into a box, and beside an arrow, at the widths of bold and small letters.
constexpr size_t kNameFits = 118, kLabelFits = 124;

double TopOf(size_t place) { return kTop + static_cast<double>(place) * (kBox + kArrow); }

std::string FaultInWords(const stitch::CycleEdge& link, const stitch::Names& names) {
  return Cat(stitch::DescribeKind(link.experiment.fault, names), ", in workload ", link.experiment.workload);
}

std::string ProofInWords(const stitch::CycleEdge& link) {
  return absl::StrFormat("confidence %.3f: %s against %s", link.edge.confidence,
                         RunsInWords(link.experiment.injected_runs),
                         html::Counted(static_cast<int64_t>(link.experiment.plain_runs.size()), "plain run"));
}

void DrawPlace(const stitch::Place& place, double y, const stitch::Names& names, Svg& svg) {
  const std::string name = stitch::SiteName(place.site, names);
  svg.Begin("box", name, "data-place=\"1\"");
  svg.Rect(kLeft, y, kWidth, kBox, "frame");
  svg.Text(kLeft + 14, y + 19, html::Shorten(name, kNameFits), "name");
  svg.Text(kLeft + 14, y + 37, place.role.empty() ? "any role" : html::Shorten(place.role, kNameFits),
           "label");
  svg.End();
}

// From the place at `y` to the one below, or, of the last link, around to the first one.
void DrawLink(const stitch::CycleEdge& link, double y, bool returns, const stitch::Names& names, Svg& svg) {
  svg.Begin("link", stitch::Describe(link.experiment.fault, names), "data-link=\"1\"");
  const double from = y + kBox, to = from + kArrow;
  if (returns) {
    const double first = kTop + kBox / 2;
    svg.Path(Cat("M", Number(kArrowX), " ", Number(from), "V", Number(to - 4), "H", Number(kReturnX), "V",
                 Number(first), "H", Number(kLeft - kHead)),
             "edge holds");
    svg.Path(Cat("M", Number(kLeft), " ", Number(first), "l", Number(-kHead), " -5v10z"), "head holds");
  } else {
    svg.Line(kArrowX, from, kArrowX, to - kHead, "edge holds");
    svg.Path(Cat("M", Number(kArrowX), " ", Number(to), "l-5 ", Number(-kHead), "h10z"), "head holds");
  }
  const std::string lines[] = {FaultInWords(link, names), Cat("→ ", EffectInWords(link.edge, names)),
                               ProofInWords(link)};
  double at = from + 22;
  for (const std::string& line : lines) {
    svg.Text(kLabelX, at, html::Shorten(line, kLabelFits), at > from + 22 ? "label" : "name");
    at += kLine;
  }
  svg.End();
}

}  // namespace

std::string DrawCycle(const stitch::Cycle& cycle, const stitch::Names& names) {
  const size_t links = cycle.edges.size();
  Svg svg(TopOf(links) + 4, Cat("A cycle of ", links, " links"), Cat("data-links=\"", links, "\""));
  for (size_t i = 0; i < links; ++i) {
    // A link's fault is where the link before it leads.
    const stitch::Place place{cycle.edges[(i + links - 1) % links].edge.to.role,
                              cycle.edges[i].experiment.fault.site};
    DrawPlace(place, TopOf(i), names, svg);
    DrawLink(cycle.edges[i], TopOf(i), i + 1 == links, names, svg);
  }
  return svg.Finish();
}

}  // namespace rankle::cli
