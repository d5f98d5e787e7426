#include "analyzer/report/timeline.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/report/xml.h"

namespace rankle {
namespace {

constexpr int kWidth = 960, kLabel = 70, kLane = 18;
constexpr size_t kMaxLanes = 64;  // culprits first, then the lowest ranks
constexpr size_t kMaxBarsPerLane = 400;

struct Window {
  double begin = 0, end = 1;
  double X(double t) const {
    return kLabel + (kWidth - kLabel) * std::clamp((t - begin) / (end - begin), 0.0, 1.0);
  }
};

// From a little before the trouble began to its end, without showing mostly waiting.
Window ChooseWindow(const Report& report) {
  const double until = std::max(report.job.duration_s, 1e-3);
  if (report.findings.empty() || report.findings.front().at_s <= 0) return {0, until};
  const double at = report.findings.front().at_s;
  const double before = std::clamp(0.3 * (until - at), 0.5, 5.0);
  return {std::max(0.0, at - before), std::max(std::min(until, at + 3 * before), at + 1e-3)};
}

std::vector<int32_t> ChooseLanes(const Report& report) {
  const store::Store& store = *report.store;
  std::vector<int32_t> lanes, rest;
  for (int32_t r = 0; r < static_cast<int32_t>(store.ranks.size()); ++r) {
    const auto& culprits = report.verdict.ranks;
    const bool guilty = std::find(culprits.begin(), culprits.end(), store.ranks[r].global) != culprits.end();
    (guilty ? lanes : rest).push_back(r);
  }
  for (int32_t r : rest) {
    if (lanes.size() < kMaxLanes) lanes.push_back(r);
  }
  std::sort(lanes.begin(), lanes.end());
  return lanes;
}

std::string Lane(const Report& report, const Window& window, int32_t rank, int y) {
  const store::Store& store = *report.store;
  const auto& o = store.operations;
  const int32_t global = store.ranks[rank].global;
  const auto& culprits = report.verdict.ranks;
  const bool guilty = std::find(culprits.begin(), culprits.end(), global) != culprits.end();
  std::string svg = absl::StrFormat(
      "<text x=\"4\" y=\"%d\" class=\"%s\">rank %d</text>"
      "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"lane\"/>",
      y + 12, guilty ? "guilty" : "label", global, kLabel, y + 2, kWidth - kLabel, kLane - 4);
  size_t bars = 0;
  for (size_t i = store.rank_begin(rank + 1); i-- > store.rank_begin(rank) && bars < kMaxBarsPerLane;) {
    const bool open = o.finished[i] == 0;
    const double begin = store::Store::Seconds(o.started[i] != 0 ? o.started[i] : o.entered[i]);
    const double end = open ? window.end : store::Store::Seconds(o.finished[i]);
    if (end < window.begin || begin > window.end) continue;
    const double x = window.X(begin), width = std::max(1.0, window.X(end) - x);
    absl::StrAppendFormat(&svg,
                          "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" class=\"%s\"><title>%s #%d "
                          "of %s, %.3f s%s</title></rect>",
                          x, y + 3, width, kLane - 6, open ? "open" : "op", store::OperationName(o.api[i]),
                          o.seq[i], EscapeXml(store.communicators[o.communicator[i]].name), begin,
                          open ? ", not finished" : "");
    ++bars;
  }
  return svg;
}

}  // namespace

std::string TimelineSvg(const Report& report) {
  if (report.store == nullptr || report.store->ranks.empty()) return "";
  const Window window = ChooseWindow(report);
  const std::vector<int32_t> lanes = ChooseLanes(report);
  const int height = kLane * static_cast<int>(lanes.size()) + 24;
  std::string svg = absl::StrFormat("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"ranks over time\">",
                                    kWidth, height);
  for (size_t i = 0; i < lanes.size(); ++i)
    svg += Lane(report, window, lanes[i], kLane * static_cast<int>(i));
  for (int tick = 0; tick <= 4; ++tick) {
    const double t = window.begin + (window.end - window.begin) * tick / 4;
    absl::StrAppendFormat(&svg, "<text x=\"%.0f\" y=\"%d\" class=\"tick\" text-anchor=\"%s\">%.2f s</text>",
                          window.X(t), height - 6,
                          tick == 0   ? "start"
                          : tick == 4 ? "end"
                                      : "middle",
                          t);
  }
  return svg + "</svg>";
}

}  // namespace rankle
