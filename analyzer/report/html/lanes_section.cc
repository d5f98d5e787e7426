#include "analyzer/report/html/lanes_section.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/facts/facts.h"
#include "analyzer/report/html/activity.h"
#include "analyzer/report/html/lane_choice.h"
#include "analyzer/report/html/markup.h"
#include "analyzer/report/html/rank_raster.h"
#include "analyzer/report/html/svg.h"
#include "analyzer/report/html/time_frame.h"

namespace rankle::html {
namespace {

constexpr double kLeft = TimeFrame::kLeft, kRight = TimeFrame::kRight;
constexpr double kTop = 44, kLane = 20, kBar = 14, kHeading = 24, kAxis = TimeFrame::kAxisHeight;
// Operations drawn one by one in a lane, with their names; more are one or two pixels wide each, and a lane
// then shows what the rank does most in each pixel. Bounds the size of the page.
constexpr size_t kMostBars = 120;
constexpr int kPixels = 464;  // steps of a condensed lane, two pixels each

constexpr const char* kClasses[] = {"wait", "transfer", "stuck", "gone"};

// Everybody else's name steps back.
const char* LabelClass(Part part) {
  return part == Part::kCulprit ? "label guilty" : part == Part::kLinkEnd ? "label named" : "label";
}

class LanesDrawing {
 public:
  LanesDrawing(const Context& context, Activity& activity)
      : c_(context), store_(*context.store), activity_(activity), frame_(context.window) {}

  std::string Draw() {
    const std::vector<LaneGroup> groups = ChooseLanes(c_.parts, DirectWaiters());
    double height = kTop + kAxis;
    size_t lanes = 0;
    for (const LaneGroup& group : groups) {
      lanes += group.ranks.size();
      height += kLane * static_cast<double>(group.ranks.size()) + (group.title.empty() ? 0 : kHeading);
    }
    Svg svg(height, "Lanes of ranks over time", absl::StrCat("id=\"lanes\" data-lanes=\"", lanes, "\""));
    DrawIterations(svg, height - kAxis);
    double y = kTop;
    for (const LaneGroup& group : groups) {
      if (!group.title.empty()) {
        svg.Text(4, y + kHeading - 8, Heading(group), "heading");
        y += kHeading;
      }
      for (int32_t rank : group.ranks) DrawLane(svg, rank, y), y += kLane;
    }
    frame_.DrawMark(svg, 18, y);
    frame_.LabelMark(svg, 13);
    frame_.DrawAxis(svg, y);
    return svg.Finish();
  }

 private:
  std::vector<int32_t> DirectWaiters() const {
    return c_.facts == nullptr || c_.facts->stalls.empty() ? std::vector<int32_t>{}
                                                           : c_.facts->stalls.front().wait.waiters;
  }

  static std::string Heading(const LaneGroup& group) {
    if (group.ranks.size() == group.of) return group.title;
    return absl::StrCat(group.title, " (", group.ranks.size(), " of ", Count(static_cast<int64_t>(group.of)),
                        ")");
  }

  // Where iterations begin, with their numbers as far as they fit.
  void DrawIterations(Svg& svg, double bottom) const {
    if (c_.series.empty()) return;
    double labelled = -1e9;
    bool first = true;
    for (const localize::Iteration& it : c_.series.front().iterations) {
      const double t = store::Store::Seconds(it.begin);
      if (t < c_.window.begin || t > c_.window.end) continue;
      const std::string label =
          absl::StrCat(first ? (c_.series.front().by_steps ? "step " : "iteration ") : "", it.number);
      svg.Line(frame_.X(t), kTop - 8, frame_.X(t), bottom, "grid");
      // 7 pixels a character, with a gap between labels.
      if (frame_.X(t) - labelled < 12 || frame_.X(t) + 7.0 * static_cast<double>(label.size()) > kRight)
        continue;
      svg.Text(frame_.X(t) + 3, kTop - 12, label, "tick");
      labelled = frame_.X(t) + 7.0 * static_cast<double>(label.size()), first = false;
    }
  }

  void DrawLane(Svg& svg, int32_t rank, double y) {
    const int32_t global = store_.GlobalRank(rank);
    const bool guilty = c_.parts[rank] == Part::kCulprit;
    svg.Begin("lane-row", "", absl::StrCat("data-rank=\"", global, "\""));
    if (guilty) svg.Path(absl::StrCat("M4 ", Number(y + 5), "l8 5l-8 5z"), "guilty");
    svg.Text(kLeft - 10, y + 14, absl::StrCat("rank ", global), LabelClass(c_.parts[rank]), Anchor::kEnd);
    svg.Rect(kLeft, y + 3, kRight - kLeft, kBar, "own");
    const std::vector<Stretch> stretches = activity_.Of(rank, frame_.begin_ns(), frame_.end_ns());
    stretches.size() > 2 * kMostBars ? DrawCondensed(svg, stretches, y) : DrawBars(svg, stretches, y);
    if (guilty && c_.window.goes_on) SayThatNothingFollows(svg, stretches, y);
    svg.End();
  }

  // An empty lane beside hatched ones would look like missing data.
  void SayThatNothingFollows(Svg& svg, const std::vector<Stretch>& stretches, double y) const {
    constexpr double kRoom = 120;
    int64_t last = frame_.begin_ns();
    for (const Stretch& s : stretches) last = std::max(last, s.end);
    if (kRight - frame_.X(last) > kRoom)
      svg.Text(frame_.X(last) + 8, y + 14, "in no operation", "label guilty");
  }

  void DrawBars(Svg& svg, const std::vector<Stretch>& stretches, double y) const {
    for (size_t i = 0; i < stretches.size(); ++i) {
      const Stretch& s = stretches[i];
      // The wait and the transfer of one operation are one mark with one tooltip.
      const bool continued = i > 0 && s.operation >= 0 && stretches[i - 1].operation == s.operation;
      const bool continues =
          i + 1 < stretches.size() && s.operation >= 0 && stretches[i + 1].operation == s.operation;
      if (!continued) svg.Begin("op", TitleOf(s));
      svg.Rect(frame_.X(s.begin), y + 3, std::max(0.7, frame_.X(s.end) - frame_.X(s.begin)), kBar,
               kClasses[static_cast<int>(s.doing)]);
      if (!continues) svg.End();
    }
  }

  void DrawCondensed(Svg& svg, const std::vector<Stretch>& stretches, double y) const {
    std::array<Tiles, std::size(kClasses)> tiles;
    const double width = (kRight - kLeft) / kPixels;
    std::vector<std::array<double, std::size(kClasses)>> shares(kPixels);
    for (const Stretch& s : stretches) {
      frame_.Spread(s, kPixels,
                    [&](int pixel, double share) { shares[pixel][static_cast<int>(s.doing)] += share; });
    }
    for (int pixel = 0; pixel < kPixels; ++pixel) {
      const auto most = std::max_element(shares[pixel].begin(), shares[pixel].end());
      // Half of the time: else the rank mostly does its own work.
      if (*most >= 0.5) tiles[most - shares[pixel].begin()].Add(kLeft + pixel * width, y + 3, width, kBar);
    }
    for (size_t i = 0; i < tiles.size(); ++i) {
      if (!tiles[i].empty()) svg.Path(tiles[i].path(), kClasses[i]);
    }
  }

  std::string TitleOf(const Stretch& s) const {
    if (s.operation < 0) return absl::StrCat("the process ended at ", At(store::Store::Seconds(s.begin)));
    const auto& o = store_.operations;
    const auto i = static_cast<size_t>(s.operation);
    const std::string ended =
        o.finished[i] == 0
            ? "it never ended"
            : absl::StrCat("ended after ", Duration(store::Store::Seconds(o.finished[i] - o.entered[i])));
    return absl::StrCat(store::OperationName(o.api[i]), " #", o.seq[i], " of ",
                        store_.communicators[o.communicator[i]].name, ": entered at ",
                        At(store::Store::Seconds(o.entered[i])), ", ", ended);
  }

  const Context& c_;
  const store::Store& store_;
  Activity& activity_;
  TimeFrame frame_;
};

std::string Lead(const Context& c) {
  const std::string stretch =
      absl::StrCat("from ", At(c.window.begin), " to ", At(c.window.end), " of ", At(c.window.until), ". ");
  std::string text =
      c.window.has_mark
          ? absl::StrCat("The iterations around the moment when the trouble shows, ", stretch)
          : absl::StrCat("A stretch from the middle of the job, because nothing marks a beginning: ",
                         stretch);
  if (c.window.goes_on) text += "What is open at the right edge goes on. ";
  if (c.parts.size() > kMostLanes) {
    text +=
        "Below the lanes, all ranks: the darker, the more of them wait; a row with a culprit shows the "
        "culprit.";
  }
  return absl::StrCat("<p class=\"lead\">", Escape(text), "</p><p class=\"keys\">", Swatch("own", "own work"),
                      Swatch("wait", "waits for others"), Swatch("transfer", "transfer"),
                      Swatch("stuck", "in an operation that never ended"),
                      Swatch("gone", "process has ended"), "</p>");
}

}  // namespace

Section LanesSection(const Context& c) {
  Section section{"time", "Ranks over time", "", ""};
  if (c.store == nullptr || c.store->ranks.empty() || c.store->operations.size() == 0) return section;
  Activity activity(*c.store);
  section.lead = Lead(c);
  section.body = LanesDrawing(c, activity).Draw();
  if (c.parts.size() > kMostLanes) section.body += DrawRankRaster(c, activity);
  return section;
}

}  // namespace rankle::html
