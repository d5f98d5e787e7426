#include "analyzer/report/html/wait_groups.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "analyzer/localize/describe.h"

namespace rankle::html {
namespace {

using localize::Wait;
using localize::WaitKind;

// So many waits are shown one by one.
constexpr size_t kMostSingle = 6;

class WaitGrouping {
 public:
  WaitGrouping(const store::Store& store, const facts::Facts& facts, const std::vector<Part>& parts)
      : store_(store), parts_(parts), columns_(store.ranks.size(), kUnplaced) {
    CollectWaits(facts);
  }

  WaitPicture Group() {
    if (waits_.empty()) return {};
    PlaceColumns();
    GroupOperations();
    GroupRanks();
    AddThoseWithoutRecord();
    return std::move(picture_);
  }

 private:
  static constexpr int kUnplaced = -1;

  // The stalls may be told by a wait that is no node of the graph (what a stopped rank never entered).
  void CollectWaits(const facts::Facts& facts) {
    std::set<std::tuple<int, int32_t, uint32_t, int64_t>> known;
    const auto add = [&](const Wait& wait) {
      if (!wait.IsStalled() || wait.communicator == store::kNone || wait.waiters.empty()) return;
      const int64_t pair = wait.kind == WaitKind::kP2p ? wait.operation : -1;
      if (known.emplace(static_cast<int>(wait.kind), wait.communicator, wait.seq, pair).second)
        waits_.push_back(&wait);
    };
    for (const localize::Stall& stall : facts.stalls) {
      add(stall.wait);
      ends_.insert(stall.culprits.begin(), stall.culprits.end());
    }
    for (const Wait& wait : facts.waits) add(wait);
  }

  bool IsEnd(int32_t rank) const { return parts_[rank] == Part::kCulprit || ends_.contains(rank); }

  // Breadth first from the ranks at which chains end, against the direction of waiting.
  void PlaceColumns() {
    wait_columns_.assign(waits_.size(), kUnplaced);
    std::map<int32_t, std::vector<size_t>> held_by;
    std::deque<int32_t> todo;
    for (size_t w = 0; w < waits_.size(); ++w) {
      for (int32_t rank : waits_[w]->holders) {
        held_by[rank].push_back(w);
        if (IsEnd(rank) && columns_[rank] == kUnplaced) columns_[rank] = 0, todo.push_back(rank);
      }
    }
    for (size_t w = 0; w < waits_.size(); ++w) {
      if (waits_[w]->holders.empty()) PlaceWait(w, 1, todo);
    }
    Follow(held_by, todo);
    for (size_t w = 0; w < waits_.size();
         ++w) {  // held by somebody who is no end, as far as the records tell
      if (wait_columns_[w] != kUnplaced) continue;
      for (int32_t rank : waits_[w]->holders) {
        if (columns_[rank] == kUnplaced) columns_[rank] = 0;
      }
      PlaceWait(w, 1, todo);
      Follow(held_by, todo);
    }
  }

  void PlaceWait(size_t w, int column, std::deque<int32_t>& todo) {
    wait_columns_[w] = std::min(column, kWaitColumns - 2);
    for (int32_t rank : waits_[w]->waiters) {
      if (columns_[rank] == kUnplaced)
        columns_[rank] = std::min(column + 1, kWaitColumns - 1), todo.push_back(rank);
    }
  }

  void Follow(const std::map<int32_t, std::vector<size_t>>& held_by, std::deque<int32_t>& todo) {
    for (; !todo.empty(); todo.pop_front()) {
      const auto held = held_by.find(todo.front());
      if (held == held_by.end()) continue;
      for (size_t w : held->second) {
        if (wait_columns_[w] == kUnplaced) PlaceWait(w, columns_[todo.front()] + 1, todo);
      }
    }
  }

  std::string OperationOf(const Wait& wait) const {
    if (wait.kind == WaitKind::kInit) return "creation";
    if (wait.kind == WaitKind::kTeardown) return "teardown";
    return store::OperationName(store_.operations.api[wait.operation]);
  }

  void GroupOperations() {
    box_of_wait_.resize(waits_.size());
    std::map<std::tuple<int, std::string, std::string>, size_t> boxes;
    std::map<int, size_t> in_column;
    for (size_t w = 0; w < waits_.size(); ++w) {
      const Wait& wait = *waits_[w];
      const std::string& name = store_.communicators[wait.communicator].name;
      const bool single = waits_.size() <= kMostSingle, has_seq = wait.operation >= 0;
      const std::string operation =
          single && has_seq ? absl::StrCat(OperationOf(wait), " #", wait.seq) : OperationOf(wait);
      std::string communicator = single ? name : localize::KindOfCommunicator(name);
      auto key = std::tuple(wait_columns_[w], operation, single ? absl::StrCat(w) : communicator);
      if (!boxes.contains(key) && in_column[wait_columns_[w]] + 1 >= kMostBoxes)
        key = {wait_columns_[w], "", ""};
      const auto [it, added] = boxes.try_emplace(key, picture_.waits.size());
      if (added) {
        WaitBox& box = picture_.waits.emplace_back();
        box.column = wait_columns_[w];
        box.operation = std::get<1>(key).empty() ? "other operations" : operation;
        box.communicator = std::get<1>(key).empty() ? "" : communicator;
        ++in_column[box.column];
      }
      AddTo(picture_.waits[it->second], wait);
      box_of_wait_[w] = it->second;
    }
  }

  static void AddTo(WaitBox& box, const Wait& wait) {
    ++box.waits;
    box.no_record += static_cast<size_t>(wait.unknown_holders) + wait.missing_holders.size();
    box.waited_ns = std::max(box.waited_ns, wait.waited_ns);
    box.held |= !wait.holders.empty() || wait.unknown_holders > 0 || !wait.missing_holders.empty();
  }

  void GroupRanks() {
    std::vector<std::set<size_t>> inside(columns_.size()), holds(columns_.size());
    for (size_t w = 0; w < waits_.size(); ++w) {
      for (int32_t rank : waits_[w]->waiters) inside[rank].insert(box_of_wait_[w]);
      for (int32_t rank : waits_[w]->holders) holds[rank].insert(box_of_wait_[w]);
    }
    for (const std::set<size_t>& boxes : inside) {
      for (size_t box : boxes) ++picture_.waits[box].waiters;
    }
    using Key = std::tuple<int, bool, std::set<size_t>, std::set<size_t>>;
    std::map<Key, std::vector<int32_t>> alike;
    for (size_t r = 0; r < columns_.size(); ++r) {
      const auto rank = static_cast<int32_t>(r);
      if (columns_[r] != kUnplaced)
        alike[{columns_[r], parts_[r] != Part::kCulprit, inside[r], holds[r]}].push_back(rank);
    }
    std::vector<std::pair<Key, std::vector<int32_t>>> ordered(alike.begin(), alike.end());
    // Culprits first, then large groups: the rest of a column may have to share a box.
    std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
      return std::tuple(std::get<0>(a.first), std::get<1>(a.first), b.second.size()) <
             std::tuple(std::get<0>(b.first), std::get<1>(b.first), a.second.size());
    });
    std::map<int, size_t> in_column, last_box;
    std::set<std::tuple<size_t, size_t, bool>> edges;
    for (auto& [key, ranks] : ordered) {
      const int column = std::get<0>(key);
      size_t box = picture_.ranks.size();
      if (++in_column[column] > kMostBoxes) {
        box = last_box[column];
      } else {
        picture_.ranks.push_back({column, !std::get<1>(key), {}});
        last_box[column] = box;
      }
      std::vector<int32_t>& all = picture_.ranks[box].ranks;
      all.insert(all.end(), ranks.begin(), ranks.end());
      for (size_t wait : std::get<2>(key)) edges.emplace(box, wait, false);
      for (size_t wait : std::get<3>(key)) edges.emplace(box, wait, true);
    }
    for (RankBox& box : picture_.ranks) std::sort(box.ranks.begin(), box.ranks.end());
    for (const auto& [rank_box, wait_box, holding] : edges)
      picture_.edges.push_back({rank_box, wait_box, holding});
  }

  void AddThoseWithoutRecord() {
    const size_t box = picture_.ranks.size();
    for (size_t w = 0; w < picture_.waits.size(); ++w) {
      if (picture_.waits[w].no_record > 0) picture_.edges.push_back({box, w, true});
    }
    if (!picture_.edges.empty() && picture_.edges.back().rank_box == box)
      picture_.ranks.push_back({0, false, {}});
  }

  const store::Store& store_;
  const std::vector<Part>& parts_;
  std::vector<const Wait*> waits_;
  std::set<int32_t> ends_;
  std::vector<int> columns_, wait_columns_;  // by rank, by wait
  std::vector<size_t> box_of_wait_;
  WaitPicture picture_;
};

}  // namespace

WaitPicture GroupWaits(const store::Store& store, const facts::Facts& facts, const std::vector<Part>& parts) {
  return WaitGrouping(store, facts, parts).Group();
}

}  // namespace rankle::html
