#include "analyzer/whatif/store_units.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "analyzer/localize/synchronizing.h"
#include "injector/api/api.h"

namespace rankle::whatif {
namespace {

using store::Store;

class UnitFinder {
 public:
  UnitFinder(const Store& store, const Chosen& chosen)
      : store_(store), chosen_(chosen), root_(chosen.operations.size()) {
    std::iota(root_.begin(), root_.end(), 0);
  }

  Units Find() {
    for (const store::Communicator& c : store_.communicators) {
      JoinCollectives(c);
      PairExchanges(c);
    }
    JoinExchanges();
    if (unmatched_ > 0) {
      units_.notes.push_back(absl::StrCat(
          unmatched_, " sends or receives without their counterpart on record: they wait for nobody"));
    }
    return std::move(units_);
  }

 private:
  using List = std::vector<uint32_t>;
  const TimedOperation& At(uint32_t i) const { return chosen_.operations[i]; }

  int64_t LatestArrival(const List& list) const {
    int64_t latest = 0;
    for (uint32_t i : list) latest = std::max(latest, At(i).arrival);
    return latest;
  }

  void JoinCollectives(const store::Communicator& c) {
    std::map<uint32_t, List> together;  // by sequence number
    for (const store::Member& m : c.members) {
      for (uint32_t row : m.collectives) {
        if (row < chosen_.of_row.size() && chosen_.of_row[row] >= 0)
          together[store_.operations.seq[row]].push_back(static_cast<uint32_t>(chosen_.of_row[row]));
      }
    }
    for (auto& [seq, list] : together) {
      if (list.size() < 2) continue;
      if (localize::NeedsEveryMember(store_.operations.api[At(list.front()).row])) {
        units_.joined.push_back(std::move(list));
      } else {
        JoinThoseThatMet(std::move(list));
      }
    }
  }

  // Whoever left a broadcast before the last one came did not wait for it; it may be its source.
  void JoinThoseThatMet(List list) {
    while (!list.empty()) {
      const int64_t latest = LatestArrival(list);
      const auto met =
          std::partition(list.begin(), list.end(), [&](uint32_t i) { return At(i).end < latest; });
      List together(met, list.end());
      list.erase(met, list.end());
      for (uint32_t ahead : list) units_.waits.emplace_back(together.front(), ahead);
      units_.joined.push_back(std::move(together));
    }
  }

  bool HasLostRecords(int32_t member, const store::Communicator& c) const {
    const store::Process* process = store_.ProcessOf(c.members[member].rank);
    return process == nullptr || process->HasLostRecords();
  }

  // The k-th send from a to b meets the k-th receive on b from a. Where records are lost they are those at
  // the beginning (of a ring), so the last ones meet.
  void PairExchanges(const store::Communicator& c) {
    static const uint16_t kSend = api::FindApi("ncclSend")->id;
    const store::Operations& o = store_.operations;
    std::map<std::pair<int32_t, int32_t>, std::pair<List, List>> channels;  // rows of sends, of receives
    for (const store::Member& m : c.members) {
      for (uint32_t row : m.p2p) {
        if (row >= o.size() || o.peer[row] < 0 || o.peer[row] >= static_cast<int32_t>(c.members.size()))
          continue;
        if (o.api[row] == kSend) {
          channels[{o.member[row], o.peer[row]}].first.push_back(row);
        } else {
          channels[{o.peer[row], o.member[row]}].second.push_back(row);
        }
      }
    }
    for (auto& [ends, lists] : channels) {
      auto& [sends, receives] = lists;
      const size_t count = std::min(sends.size(), receives.size());
      if (HasLostRecords(ends.first, c) || HasLostRecords(ends.second, c)) {
        sends.erase(sends.begin(), sends.end() - static_cast<std::ptrdiff_t>(count));
        receives.erase(receives.begin(), receives.end() - static_cast<std::ptrdiff_t>(count));
      }
      for (size_t k = 0; k < std::max(sends.size(), receives.size()); ++k) {
        const int32_t send = k < sends.size() ? chosen_.of_row[sends[k]] : -1;
        const int32_t receive = k < receives.size() ? chosen_.of_row[receives[k]] : -1;
        if (send >= 0 && receive >= 0 &&
            At(static_cast<uint32_t>(send)).arrival <= At(static_cast<uint32_t>(receive)).end) {
          pairs_.emplace_back(send, receive);
        } else {
          unmatched_ += (send >= 0) + (receive >= 0);
        }
      }
    }
  }

  uint32_t Root(uint32_t i) {
    while (root_[i] != i) i = root_[i] = root_[root_[i]];
    return i;
  }

  // What a rank launches as a group is one kernel, which ends when all its exchanges have. Exchanges that
  // hang together like this are one unit if they were all under way at one moment; of a ring around which a
  // delay travels, only the pairs are.
  void JoinExchanges() {
    absl::flat_hash_map<std::tuple<int32_t, uint16_t, int64_t>, uint32_t> launches;
    for (uint32_t i = 0; i < chosen_.operations.size(); ++i) {
      const TimedOperation& op = At(i);
      if (!op.p2p || op.group == 0) continue;
      const auto [first, added] =
          launches.try_emplace({store_.operations.rank[op.row], op.group, op.arrival}, i);
      if (!added && At(first->second).end == op.end) root_[Root(i)] = Root(first->second);
    }
    for (const auto& [send, receive] : pairs_) {
      if (Meet(send, receive)) root_[Root(receive)] = Root(send);
    }
    absl::flat_hash_map<uint32_t, List> sets;
    for (uint32_t i = 0; i < chosen_.operations.size(); ++i) {
      if (At(i).p2p) sets[Root(i)].push_back(i);
    }
    absl::flat_hash_map<uint32_t, bool> whole;
    for (auto& [root, list] : sets) {
      const int64_t latest = LatestArrival(list);
      whole[root] = std::all_of(list.begin(), list.end(), [&](uint32_t i) { return At(i).end >= latest; });
      if (whole[root] && list.size() > 1) units_.joined.push_back(std::move(list));
    }
    for (const auto& [send, receive] : pairs_) {
      if (!Meet(send, receive)) {
        units_.waits.emplace_back(receive, send);
      } else if (!whole[Root(send)]) {
        units_.joined.push_back({send, receive});
      }
    }
  }

  // A send that was buffered was over before its receiver came.
  bool Meet(uint32_t send, uint32_t receive) const { return At(send).end >= At(receive).arrival; }

  const Store& store_;
  const Chosen& chosen_;
  Units units_;
  std::vector<std::pair<uint32_t, uint32_t>> pairs_;  // send, receive
  std::vector<uint32_t> root_;                        // union-find over exchanges
  size_t unmatched_ = 0;
};

}  // namespace

Units FindUnits(const Store& store, const Chosen& chosen) { return UnitFinder(store, chosen).Find(); }

}  // namespace rankle::whatif
