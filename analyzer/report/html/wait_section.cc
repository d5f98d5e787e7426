#include "analyzer/report/html/wait_section.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "analyzer/localize/describe.h"
#include "analyzer/report/html/markup.h"
#include "analyzer/report/html/svg.h"
#include "analyzer/report/html/wait_groups.h"

namespace rankle::html {
namespace {

constexpr double kRankWidth = 164, kWaitWidth = 206, kColumnGap = 33, kBox = 46, kBoxGap = 16, kTop = 30;
// Where edges leave and enter a box, beside its middle, so that both directions between two boxes can be
// seen.
constexpr double kAside = 7;
// Widths of a character of both lines of a box, for cutting what would not fit.
constexpr double kBold = 7.2, kSmall = 6.6;

double WidthOf(int column) { return column % 2 == 0 ? kRankWidth : kWaitWidth; }
double LeftOf(int column) {
  double x = 1;
  for (int i = 0; i < column; ++i) x += WidthOf(i) + kColumnGap;
  return x;
}

class GraphDrawing {
 public:
  GraphDrawing(const Context& context, const WaitPicture& picture)
      : store_(*context.store), picture_(picture) {
    PlaceBoxes();
  }

  std::string Draw() {
    Svg svg(kTop + height_ + 6, "Who waits for whom",
            absl::StrCat("id=\"waits\" data-waits=\"", picture_.waits.size(), "\""));
    DrawHeadings(svg);
    for (const WaitEdge& edge : picture_.edges) DrawEdge(svg, edge);
    for (size_t i = 0; i < picture_.ranks.size(); ++i) DrawRanks(svg, picture_.ranks[i], rank_y_[i]);
    for (size_t i = 0; i < picture_.waits.size(); ++i) DrawWait(svg, picture_.waits[i], wait_y_[i]);
    return svg.Finish();
  }

 private:
  // Columns are centred; in each, boxes are ordered by what they are connected with on their left, which
  // keeps most edges from crossing.
  void PlaceBoxes() {
    rank_y_.resize(picture_.ranks.size()), wait_y_.resize(picture_.waits.size());
    std::array<std::vector<size_t>, kWaitColumns> columns;
    for (size_t i = 0; i < picture_.ranks.size(); ++i) columns[picture_.ranks[i].column].push_back(i);
    for (size_t i = 0; i < picture_.waits.size(); ++i) columns[picture_.waits[i].column].push_back(i);
    size_t most = 0;
    for (const auto& column : columns) most = std::max(most, column.size());
    height_ = HeightOf(most);
    for (int c = 0; c < kWaitColumns; ++c) {
      used_[c] = !columns[c].empty();
      std::stable_sort(columns[c].begin(), columns[c].end(),
                       [&](size_t a, size_t b) { return LeftNeighbours(c, a) < LeftNeighbours(c, b); });
      double y = kTop + (height_ - HeightOf(columns[c].size())) / 2;
      for (size_t box : columns[c]) (c % 2 == 0 ? rank_y_ : wait_y_)[box] = y, y += kBox + kBoxGap;
    }
  }

  static double HeightOf(size_t boxes) { return static_cast<double>(boxes) * (kBox + kBoxGap) - kBoxGap; }

  // Mean height of the boxes in the column before that an edge leads to; 0 = there are none.
  double LeftNeighbours(int column, size_t box) const {
    double sum = 0;
    int count = 0;
    for (const WaitEdge& edge : picture_.edges) {
      const bool ranks = column % 2 == 0;
      if ((ranks ? edge.rank_box : edge.wait_box) != box) continue;
      const int other = ranks ? picture_.waits[edge.wait_box].column : picture_.ranks[edge.rank_box].column;
      if (other != column - 1) continue;
      sum += ranks ? wait_y_[edge.wait_box] : rank_y_[edge.rank_box], ++count;
    }
    return count == 0 ? 0 : sum / count;
  }

  bool InFirstColumn(const WaitEdge& edge) const { return picture_.ranks[edge.rank_box].column == 0; }

  void DrawHeadings(Svg& svg) const {
    // Does an operation that holds up ranks of the first column wait for ranks of the first column?
    const bool cycle = std::any_of(picture_.edges.begin(), picture_.edges.end(), [&](const WaitEdge& in) {
      return !in.holds && InFirstColumn(in) &&
             std::any_of(picture_.edges.begin(), picture_.edges.end(), [&](const WaitEdge& out) {
               return out.holds && InFirstColumn(out) && out.wait_box == in.wait_box;
             });
    });
    const char* const names[] = {cycle ? "wait for each other" : "held up by nobody", "operation",
                                 "wait directly", "operation", "wait behind them"};
    for (int column = 0; column < kWaitColumns; ++column) {
      if (used_[column]) svg.Text(LeftOf(column), 14, names[column], "tick");
    }
  }

  void DrawEdge(Svg& svg, const WaitEdge& edge) const {
    const int rank_column = picture_.ranks[edge.rank_box].column,
              wait_column = picture_.waits[edge.wait_box].column;
    const double rank_y = rank_y_[edge.rank_box] + kBox / 2, wait_y = wait_y_[edge.wait_box] + kBox / 2;
    // From who waits to what holds it up.
    const double aside = edge.holds ? -kAside : kAside;
    const bool rank_is_left = rank_column < wait_column;
    const double rank_x = LeftOf(rank_column) + (rank_is_left ? kRankWidth : 0);
    const double wait_x = LeftOf(wait_column) + (rank_is_left ? 0 : kWaitWidth);
    edge.holds ? Arrow(svg, wait_x, wait_y + aside, rank_x, rank_y + aside, "holds")
               : Arrow(svg, rank_x, rank_y + aside, wait_x, wait_y + aside, "inside");
  }

  static void Arrow(Svg& svg, double x1, double y1, double x2, double y2, const char* cls) {
    constexpr double kHead = 7;
    const double to = x2 + (x1 > x2 ? kHead : -kHead), middle = (x1 + to) / 2;
    svg.Path(absl::StrCat("M", Number(x1), " ", Number(y1), "C", Number(middle), " ", Number(y1), " ",
                          Number(middle), " ", Number(y2), " ", Number(to), " ", Number(y2)),
             absl::StrCat("edge ", cls));
    svg.Path(absl::StrCat("M", Number(x2), " ", Number(y2), "L", Number(to), " ", Number(y2 - 4), "v8z"),
             absl::StrCat("head ", cls));
  }

  static std::string Fitting(const std::string& text, double width, double character) {
    return Shorten(text, static_cast<size_t>((width - 20) / character));
  }

  static void DrawBox(Svg& svg, int column, double y, const char* cls, const std::string& first,
                      const std::string& second, const std::string& title) {
    const double width = WidthOf(column), x = LeftOf(column);
    svg.Begin(absl::StrCat("box ", cls), title);
    svg.Rect(x, y, width, kBox, "frame");
    svg.Text(x + 10, y + 19, Fitting(first, width, kBold), "name")
        .Text(x + 10, y + 36, Fitting(second, width, kSmall), "tick");
    svg.End();
  }

  void DrawRanks(Svg& svg, const RankBox& box, double y) const {
    if (box.ranks.empty()) {
      DrawBox(svg, box.column, y, "norecord", "no record", "nothing is known", "ranks that left no record");
      return;
    }
    const std::vector<int32_t> global = localize::GlobalRanks(store_, box.ranks);
    std::string second = Counted(static_cast<int64_t>(box.ranks.size()), "rank");
    if (box.ranks.size() == 1) {
      const store::Process* process = store_.ProcessOf(box.ranks[0]);
      if (process != nullptr) second = absl::StrCat("process ", store::ProcessStateName(process->state));
    }
    const std::string title =
        box.ranks.size() == 1 ? localize::DescribeRank(store_, box.ranks[0]) : Ranks(global, 400);
    DrawBox(svg, box.column, y, box.culprit ? "culprit" : "ranks", Ranks(global, 22), second, title);
  }

  static void DrawWait(Svg& svg, const WaitBox& box, double y) {
    std::string first = box.waits == 1
                            ? box.operation
                            : absl::StrCat(Count(static_cast<int64_t>(box.waits)), " × ", box.operation);
    if (!box.communicator.empty()) absl::StrAppend(&first, " · ", box.communicator);
    std::string second = absl::StrCat(Counted(static_cast<int64_t>(box.waiters), "rank"), ", ",
                                      Duration(static_cast<double>(box.waited_ns) * 1e-9));
    if (!box.held) absl::StrAppend(&second, ", all came");
    DrawBox(svg, box.column, y, "wait-box", first, second, absl::StrCat(first, ": ", second));
  }

  const store::Store& store_;
  const WaitPicture& picture_;
  double height_ = 0;
  std::array<bool, kWaitColumns> used_{};
  std::vector<double> rank_y_, wait_y_;
};

}  // namespace

Section WaitSection(const Context& c) {
  Section section{"waits", "Who waits for whom", "", ""};
  if (c.store == nullptr || c.facts == nullptr) return section;
  const WaitPicture picture = GroupWaits(*c.store, *c.facts, c.parts);
  if (picture.waits.empty()) return section;
  section.lead = Paragraph(
      "Arrows lead from those who wait to the operation they wait in, and from there to the ranks that have "
      "not come to it. "
      "Chains end on the left. Ranks in the same situation are one box.",
      "lead");
  section.body = GraphDrawing(c, picture).Draw();
  return section;
}

}  // namespace rankle::html
