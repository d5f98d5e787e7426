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
#include "analyzer/report/html/scale.h"
#include "analyzer/report/html/svg.h"

namespace rankle::html {
namespace {

constexpr double kLeft = 100, kRight = kDrawingWidth - 12;  // of the time axis
constexpr double kTop = 44, kLane = 20, kBar = 14, kHeading = 24, kAxis = 30;
// Operations drawn one by one in a lane, with their names; more are one or two pixels wide each, and a lane
// then shows what the rank does most in each pixel. Bounds the size of the page.
constexpr size_t kMostBars = 120;
constexpr int kPixels = 464;  // steps of a condensed lane, two pixels each
// All ranks at once: rows of as many ranks as are needed, columns of time. The ranks of a row that are looked
// at are bounded, so that the cost does not grow with the job.
constexpr size_t kMostRows = 64, kSampledInRow = 16;
constexpr int kColumns = 116;
constexpr double kRow = 4, kRasterTop = 34;

constexpr const char* kClasses[] = {"wait", "transfer", "stuck", "gone"};

// Everybody else's name steps back.
const char* LabelClass(Part part) {
  return part == Part::kCulprit ? "label guilty" : part == Part::kLinkEnd ? "label named" : "label";
}

int64_t Ns(double s) { return static_cast<int64_t>(s * 1e9); }

class LanesDrawing {
 public:
  explicit LanesDrawing(const Context& context)
      : c_(context),
        store_(*context.store),
        activity_(store_),
        x_{c_.window.begin, c_.window.end, kLeft, kRight} {}

  std::string Lanes() {
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
    DrawMark(svg, y);
    DrawTimeAxis(svg, y);
    return svg.Finish();
  }

  // All ranks: how much of each moment they spend waiting.
  std::string Raster() {
    const size_t ranks = store_.ranks.size();
    const size_t per_row = (ranks + kMostRows - 1) / kMostRows, rows = (ranks + per_row - 1) / per_row;
    const double top = kRasterTop, bottom = top + kRow * static_cast<double>(rows);
    Svg svg(bottom + kAxis, "Share of time that all ranks wait, over time",
            absl::StrCat("id=\"raster\" data-rows=\"", rows, "\""));
    svg.Text(4, 14,
             absl::StrCat("All ", Counted(static_cast<int64_t>(ranks), "rank"), ", ", per_row, " a row"),
             "heading");
    svg.Rect(kLeft, top, kRight - kLeft, bottom - top, "h0");
    std::array<Tiles, kColours> tiles;
    for (size_t row = 0; row < rows; ++row) {
      const std::vector<double> share = WaitShares(row * per_row, std::min(ranks, (row + 1) * per_row));
      AddRow(share, top + kRow * static_cast<double>(row), tiles);
    }
    for (int colour = 1; colour < kColours; ++colour) {
      if (!tiles[colour].empty()) svg.Path(tiles[colour].path(), absl::StrCat("h", colour));
    }
    LabelRows(svg, top, per_row, rows);
    DrawMark(svg, bottom, top);
    DrawTimeAxis(svg, bottom);
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
      svg.Line(x_(t), kTop - 8, x_(t), bottom, "grid");
      // 7 pixels a character, with a gap between labels.
      if (x_(t) - labelled < 12 || x_(t) + 7.0 * static_cast<double>(label.size()) > kRight) continue;
      svg.Text(x_(t) + 3, kTop - 12, label, "tick");
      labelled = x_(t) + 7.0 * static_cast<double>(label.size()), first = false;
    }
  }

  void DrawLane(Svg& svg, int32_t rank, double y) {
    const int32_t global = store_.GlobalRank(rank);
    const bool guilty = c_.parts[rank] == Part::kCulprit;
    svg.Begin("lane-row", "", absl::StrCat("data-rank=\"", global, "\""));
    if (guilty) svg.Path(absl::StrCat("M4 ", Number(y + 5), "l8 5l-8 5z"), "guilty");
    svg.Text(kLeft - 10, y + 14, absl::StrCat("rank ", global), LabelClass(c_.parts[rank]), Anchor::kEnd);
    svg.Rect(kLeft, y + 3, kRight - kLeft, kBar, "own");
    const std::vector<Stretch> stretches = activity_.Of(rank, Ns(c_.window.begin), Ns(c_.window.end));
    stretches.size() > 2 * kMostBars ? DrawCondensed(svg, stretches, y) : DrawBars(svg, stretches, y);
    if (guilty && c_.window.goes_on) SayThatNothingFollows(svg, stretches, y);
    svg.End();
  }

  // An empty lane beside hatched ones would look like missing data.
  void SayThatNothingFollows(Svg& svg, const std::vector<Stretch>& stretches, double y) const {
    constexpr double kRoom = 120;
    int64_t last = Ns(c_.window.begin);
    for (const Stretch& s : stretches) last = std::max(last, s.end);
    if (kRight - X(last) > kRoom) svg.Text(X(last) + 8, y + 14, "in no operation", "label guilty");
  }

  double X(int64_t t) const { return x_(store::Store::Seconds(t)); }

  void DrawBars(Svg& svg, const std::vector<Stretch>& stretches, double y) const {
    for (size_t i = 0; i < stretches.size(); ++i) {
      const Stretch& s = stretches[i];
      // The wait and the transfer of one operation are one mark with one tooltip.
      const bool continued = i > 0 && s.operation >= 0 && stretches[i - 1].operation == s.operation;
      const bool continues =
          i + 1 < stretches.size() && s.operation >= 0 && stretches[i + 1].operation == s.operation;
      if (!continued) svg.Begin("op", TitleOf(s));
      svg.Rect(X(s.begin), y + 3, std::max(0.7, X(s.end) - X(s.begin)), kBar,
               kClasses[static_cast<int>(s.doing)]);
      if (!continues) svg.End();
    }
  }

  void DrawCondensed(Svg& svg, const std::vector<Stretch>& stretches, double y) const {
    std::array<Tiles, std::size(kClasses)> tiles;
    const double width = (kRight - kLeft) / kPixels;
    std::vector<std::array<double, std::size(kClasses)>> shares(kPixels);
    for (const Stretch& s : stretches) {
      Spread(s, kPixels, [&](int pixel, double share) { shares[pixel][static_cast<int>(s.doing)] += share; });
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

  // Calls f(step, share of it) for the `steps` equal parts of the window that a stretch covers.
  template <typename F>
  void Spread(const Stretch& s, int steps, const F& f) const {
    const Scale place{c_.window.begin, c_.window.end, 0, static_cast<double>(steps)};
    const double begin = place(store::Store::Seconds(s.begin)), end = place(store::Store::Seconds(s.end));
    for (int step = static_cast<int>(begin); step < steps && step < end; ++step)
      f(step, std::min(end, step + 1.0) - std::max(begin, static_cast<double>(step)));
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

  // Ranks whose activity a row shows: the culprits in it, or a sample of all where there is none.
  std::vector<int32_t> RanksOfRow(size_t first, size_t last) const {
    std::vector<int32_t> culprits, some;
    const size_t stride = std::max<size_t>(1, (last - first) / kSampledInRow);
    for (size_t rank = first; rank < last; ++rank) {
      if (c_.parts[rank] == Part::kCulprit) culprits.push_back(static_cast<int32_t>(rank));
      if ((rank - first) % stride == 0) some.push_back(static_cast<int32_t>(rank));
    }
    return culprits.empty() ? some : culprits;
  }

  std::vector<double> WaitShares(size_t first, size_t last) {
    const std::vector<int32_t> ranks = RanksOfRow(first, last);
    std::vector<double> share(kColumns);
    for (int32_t rank : ranks) {
      for (const Stretch& s : activity_.Of(rank, Ns(c_.window.begin), Ns(c_.window.end))) {
        if (s.doing != Doing::kWait && s.doing != Doing::kStuck) continue;
        Spread(s, kColumns, [&](int column, double part) { share[column] += part; });
      }
    }
    for (double& s : share) s = std::min(1.0, s / static_cast<double>(ranks.size()));
    return share;
  }

  // Neighbours of one colour are one tile.
  static void AddRow(const std::vector<double>& share, double y, std::array<Tiles, kColours>& tiles) {
    const double width = (kRight - kLeft) / kColumns;
    for (int begin = 0, end = 0; begin < kColumns; begin = end) {
      const int colour = ColourOf(share[begin], 1);
      while (end < kColumns && ColourOf(share[end], 1) == colour) ++end;
      if (colour > 0) tiles[colour].Add(kLeft + begin * width, y, (end - begin) * width, kRow);
    }
  }

  void LabelRows(Svg& svg, double top, size_t per_row, size_t rows) const {
    double last = -1e9;
    for (int32_t rank : c_.Culprits()) {
      const double y = top + kRow * static_cast<double>(static_cast<size_t>(rank) / per_row);
      if (y - last < 12) continue;  // the height of a label
      svg.Path(absl::StrCat("M", Number(kLeft - 8), " ", Number(y - 2), "l7 4l-7 4z"), "guilty");
      svg.Text(kLeft - 12, y + 6, absl::StrCat("rank ", store_.GlobalRank(rank)), "label guilty",
               Anchor::kEnd);
      last = y;
    }
    for (size_t row : {size_t{0}, rows - 1}) {
      const double y = top + kRow * static_cast<double>(row);
      const std::vector<int32_t> culprits = c_.Culprits();
      const bool taken = std::any_of(culprits.begin(), culprits.end(), [&](int32_t rank) {
        return std::abs(top + kRow * static_cast<double>(static_cast<size_t>(rank) / per_row) - y) < 14;
      });
      const auto rank = static_cast<int32_t>(row == 0 ? 0 : store_.ranks.size() - 1);
      if (!taken)
        svg.Text(kLeft - 12, y + 6, absl::StrCat("rank ", store_.GlobalRank(rank)), "label", Anchor::kEnd);
    }
  }

  void DrawMark(Svg& svg, double bottom, double top = 18) const {
    if (!c_.window.has_mark) return;
    const double x = x_(c_.window.mark);
    svg.Line(x, top, x, bottom, "mark");
    if (top > 18) return;
    const bool left = x > kDrawingWidth * 0.7;
    svg.Text(x + (left ? -5 : 5), 13, absl::StrCat(c_.window.mark_label, ", ", At(c_.window.mark)), "marked",
             left ? Anchor::kEnd : Anchor::kStart);
  }

  void DrawTimeAxis(Svg& svg, double y) const {
    svg.Line(kLeft, y + 4, kRight, y + 4, "axis");
    for (const Tick& tick : TimeTicks(c_.window.begin, c_.window.end, 8)) {
      const double x = x_(tick.value);
      svg.Line(x, y + 4, x, y + 8, "axis");
      svg.Text(x, y + 21, tick.label, "tick",
               x < kLeft + 20    ? Anchor::kStart
               : x > kRight - 30 ? Anchor::kEnd
                                 : Anchor::kMiddle);
    }
    svg.Text(4, y + 21, "time", "tick");
  }

  const Context& c_;
  const store::Store& store_;
  Activity activity_;
  Scale x_;
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
  LanesDrawing drawing(c);
  section.lead = Lead(c);
  section.body = drawing.Lanes();
  if (c.parts.size() > kMostLanes) {
    section.body += absl::StrCat(drawing.Raster(), "<p class=\"keys\">",
                                 ColourLegend("share of time spent waiting", "none", "all"), "</p>");
  }
  return section;
}

}  // namespace rankle::html
