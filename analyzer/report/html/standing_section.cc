#include "analyzer/report/html/standing_section.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "analyzer/facts/facts.h"
#include "analyzer/localize/stuck_links.h"
#include "analyzer/report/html/grid.h"
#include "analyzer/report/html/markup.h"
#include "analyzer/report/html/scale.h"
#include "analyzer/report/html/svg.h"

namespace rankle::html {
namespace {

using Ends = std::pair<int32_t, int32_t>;  // source, destination

// Rows and columns that can be read; of larger communicators those with something on the way.
constexpr size_t kMostRanks = 32;
constexpr double kLeft = 74, kTop = 34, kCell = 34, kNumberCell = 26;

struct Counters {
  uint64_t begun = 0, sent = 0, received = 0;
  // What one side did not count (no record of it) cannot be on the way.
  uint64_t open() const { return begun - std::min(begun, received); }
};

class StandingDrawing {
 public:
  StandingDrawing(const Context& context, const localize::Wait& wait) : c_(context), store_(*context.store) {
    for (const localize::StuckLink& link : localize::FindStuckLinks(store_, wait))
      stuck_.emplace(link.source, link.destination);
    std::set<int32_t> all, open;
    for (const store::Transfer& t : store_.transfers) {
      if (t.communicator != wait.communicator) continue;
      Counters& link = links_[{t.source, t.destination}];
      link.begun += t.has_source ? t.posted : t.expected;
      link.sent += t.has_source ? t.sent : t.received;
      link.received += t.has_destination ? t.received : t.sent;
      all.insert({t.source, t.destination});
    }
    for (const auto& [source, destination] : stuck_) open.insert({source, destination});
    const std::set<int32_t>& shown = all.size() <= kMostRanks ? all : open;
    ranks_.assign(shown.begin(), shown.end());
    ranks_.resize(std::min(ranks_.size(), kMostRanks));
  }

  bool empty() const { return stuck_.empty(); }

  std::string Draw() const {
    const double n = static_cast<double>(ranks_.size());
    const double cell = std::min(kCell, (kDrawingWidth - kLeft) / n);
    Svg svg(kTop + n * cell + 24, "Steps that have not arrived, source by destination",
            "id=\"standing-matrix\"");
    std::vector<std::string> columns;
    std::vector<GridRow> rows;
    for (size_t i = 0; i < ranks_.size(); ++i) {
      const std::string name = absl::StrCat(store_.GlobalRank(ranks_[i]));
      const double middle = (static_cast<double>(i) + 0.5) * cell;
      const char* cls = c_.parts[ranks_[i]] == Part::kOther || c_.parts[ranks_[i]] == Part::kVictim
                            ? "label"
                            : "label named";
      columns.push_back(absl::StrCat("to ", name));
      svg.Text(kLeft + middle, kTop - 8, name, cls, Anchor::kMiddle);
      svg.Text(kLeft - 8, kTop + middle + 4, name, cls, Anchor::kEnd);
      rows.push_back(Row(ranks_[i], name, cell));
    }
    const double bottom = DrawGrid(svg, {"standing", kLeft, kTop, cell, 1, columns}, rows);
    if (cell >= kNumberCell) DrawNumbers(svg, cell);
    svg.Text(4, bottom + 18, "source ↓", "tick").Text(kLeft, bottom + 18, "destination →", "tick");
    return svg.Finish();
  }

 private:
  GridRow Row(int32_t source, const std::string& name, double cell) const {
    GridRow row{absl::StrCat("rank ", name), cell, {}, {}};
    for (int32_t destination : ranks_) {
      const auto link = links_.find({source, destination});
      if (link == links_.end()) {
        row.colours.push_back(kNoData);
        row.values.push_back("no traffic");
        continue;
      }
      const Counters& steps = link->second;
      row.colours.push_back(stuck_.contains({source, destination}) ? kColours - 1 : 0);
      row.values.push_back(absl::StrCat("steps: ", steps.begun, " begun, ", steps.sent, " sent, ",
                                        steps.received, " received"));
    }
    return row;
  }

  void DrawNumbers(Svg& svg, double cell) const {
    for (size_t i = 0; i < ranks_.size(); ++i) {
      for (size_t j = 0; j < ranks_.size(); ++j) {
        const auto link = links_.find({ranks_[i], ranks_[j]});
        if (link == links_.end()) continue;
        const int colour = stuck_.contains({ranks_[i], ranks_[j]}) ? kColours - 1 : 0;
        svg.Text(kLeft + (static_cast<double>(j) + 0.5) * cell,
                 kTop + (static_cast<double>(i) + 0.5) * cell + 4, absl::StrCat(link->second.open()),
                 absl::StrCat("num on-h", colour), Anchor::kMiddle);
      }
    }
  }

  const Context& c_;
  const store::Store& store_;
  std::set<Ends> stuck_;
  std::map<Ends, Counters> links_;  // all channels together
  std::vector<int32_t> ranks_;
};

}  // namespace

Section StandingSection(const Context& c) {
  Section section{"standing", "Where the transfer stands still", "", ""};
  if (c.store == nullptr || c.facts == nullptr) return section;
  for (const localize::Stall& stall : c.facts->stalls) {
    if (stall.kind != localize::StallKind::kInCollective || stall.wait.communicator == store::kNone) continue;
    const StandingDrawing drawing(c, stall.wait);
    if (drawing.empty()) continue;
    section.lead = absl::StrCat(
        Paragraph(
            absl::StrCat(
                "Steps of communicator ", c.store->communicators[stall.wait.communicator].name,
                " that were begun and have not arrived, by source and destination. Neighbours of the link "
                "that stopped first stop soon after: of several marked links the records do not say which it "
                "was."),
            "lead"),
        "<p class=\"keys\">", Swatch("h7", "something is on its way"), Swatch("h0", "nothing is"),
        Swatch("nodata", "no traffic"), "</p>");
    section.body = drawing.Draw();
    break;  // further stalls wait for the first
  }
  return section;
}

}  // namespace rankle::html
