// FindWaits: the nodes of the wait-for graph.
#include <algorithm>
#include <map>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "analyzer/localize/wait_graph.h"
#include "injector/api/api.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::Store;

class WaitFinder {
 public:
  WaitFinder(const Store& store, const Progress& progress, const HangSettings& settings)
      : store_(store), progress_(progress), settings_(settings), send_(api::FindApi("ncclSend")->id) {}

  std::vector<Wait> Find() {
    for (int32_t rank = 0; rank < static_cast<int32_t>(store_.ranks.size()); ++rank) {
      for (uint32_t head : progress_.Heads(rank)) AddHead(rank, head);
    }
    for (Wait& wait : waits_) {
      if (wait.kind == WaitKind::kCollective) FindCollectiveHolders(wait);
    }
    for (int32_t c = 0; c < static_cast<int32_t>(store_.communicators.size()); ++c)
      AddInit(c), AddTeardown(c);
    for (Wait& wait : waits_) Measure(wait);
    return std::move(waits_);
  }

 private:
  const store::Communicator& CommunicatorOf(const Wait& wait) const {
    return store_.communicators[wait.communicator];
  }

  void AddHead(int32_t rank, uint32_t operation) {
    const auto& o = store_.operations;
    if (o.p2p[operation]) return AddP2p(rank, operation);
    const auto [it, added] = collective_index_.try_emplace(
        static_cast<uint64_t>(o.communicator[operation]) << 32 | o.seq[operation], waits_.size());
    if (added) {
      waits_.emplace_back();
      waits_.back().communicator = o.communicator[operation], waits_.back().seq = o.seq[operation];
      waits_.back().operation = operation;
    }
    waits_[it->second].waiters.push_back(rank);
  }

  void FindCollectiveHolders(Wait& wait) {
    for (const store::Member& member : CommunicatorOf(wait).members) {
      if (member.rank == kNone) {
        AddUnseen(member, wait);
        continue;
      }
      const int64_t operation = progress_.FindCollective(member, wait.seq);
      if (operation == Progress::kForgotten) continue;
      if (operation == Progress::kNotEntered) {
        wait.holders.push_back(member.rank);
        continue;
      }
      wait.last_arrival = std::max(wait.last_arrival, store_.operations.entered[operation]);
      if (!progress_.IsFinished(operation) && !progress_.IsHead(operation))
        wait.holders.push_back(member.rank);
    }
  }

  // The rank waits, and the record does not tell for whom.
  void AddWaitForUnknown(int32_t rank, uint32_t operation) {
    Wait& wait = waits_.emplace_back();
    wait.kind = WaitKind::kP2p;
    wait.communicator = store_.operations.communicator[operation],
    wait.seq = store_.operations.seq[operation];
    wait.operation = operation, wait.waiters = {rank}, wait.unknown_holders = 1;
    wait.last_arrival = store_.operations.entered[operation];
  }

  // A place of the communicator without a record.
  static void AddUnseen(const store::Member& member, Wait& wait) {
    if (member.global == kNone) {
      ++wait.unknown_holders;
    } else if (std::find(wait.missing_holders.begin(), wait.missing_holders.end(), member.global) ==
               wait.missing_holders.end()) {
      wait.missing_holders.push_back(member.global);
    }
  }

  // One wait a pair and direction: both sides find the same node.
  void AddP2p(int32_t rank, uint32_t operation) {
    const auto& o = store_.operations;
    const int32_t c = o.communicator[operation], self = o.member[operation], peer = o.peer[operation];
    const auto& members = store_.communicators[c].members;
    if (peer < 0 || peer >= static_cast<int32_t>(members.size())) return AddWaitForUnknown(rank, operation);
    if (peer == self) return;
    const bool sends = o.api[operation] == send_;
    const int64_t match = FindMatch(operation);
    const auto key = std::tuple(c, sends ? self : peer, sends ? peer : self, Ordinal(operation));
    const auto [it, added] = p2p_index_.try_emplace(key, waits_.size());
    if (added) {
      Wait& wait = waits_.emplace_back();
      wait.kind = WaitKind::kP2p;
      wait.communicator = c, wait.seq = o.seq[operation], wait.operation = operation;
    }
    Wait& wait = waits_[it->second];
    wait.waiters.push_back(rank);
    wait.last_arrival = std::max(wait.last_arrival, o.entered[operation]);
    if (match >= 0) wait.last_arrival = std::max(wait.last_arrival, o.entered[match]);
    const bool holds = match < 0 || (!progress_.IsFinished(match) && !progress_.IsHead(match));
    if (!holds) return;
    if (members[peer].rank == kNone) {
      AddUnseen(members[peer], wait);
    } else if (std::find(wait.holders.begin(), wait.holders.end(), members[peer].rank) ==
               wait.holders.end()) {
      wait.holders.push_back(members[peer].rank);
    }
  }

  // Place of an operation among those of its member with the same direction and peer.
  size_t Ordinal(uint32_t operation) const {
    const auto& o = store_.operations;
    const auto& list = store_.communicators[o.communicator[operation]].members[o.member[operation]].p2p;
    size_t ordinal = 0;
    for (uint32_t other : list) {
      if (other == operation) break;
      ordinal += o.api[other] == o.api[operation] && o.peer[other] == o.peer[operation];
    }
    return ordinal;
  }

  // The peer's operation that belongs to `operation`, -1 when it was not issued. Per pair and direction the
  // order of issue decides. Where a ring overwrote old records the count is lost; then the first unfinished
  // one is it.
  int64_t FindMatch(uint32_t operation) const {
    const auto& o = store_.operations;
    const store::Communicator& c = store_.communicators[o.communicator[operation]];
    const store::Member& peer = c.members[o.peer[operation]];
    const auto lost = [&](int32_t rank) {
      const store::Process* process = store_.ProcessOf(rank);
      return process != nullptr && process->HasLostRecords();
    };
    const bool count_is_lost = lost(o.rank[operation]) || lost(peer.rank);
    size_t ordinal = Ordinal(operation);
    for (uint32_t other : peer.p2p) {
      if (o.api[other] == o.api[operation] || o.peer[other] != o.member[operation]) continue;
      if (count_is_lost ? !progress_.IsFinished(other) : ordinal-- == 0) return other;
    }
    return -1;
  }

  void AddInit(int32_t c) {
    const store::Communicator& communicator = store_.communicators[c];
    Wait wait;
    wait.kind = WaitKind::kInit, wait.communicator = c;
    int unknown = 0;
    for (const auto* places : {&communicator.members, &communicator.unplaced}) {
      for (const store::Member& m : *places) {
        if (m.rank == kNone) {
          ++unknown;
        } else if (m.ready == 0 && m.gone == 0 && m.state == store::CommState::kInitialising) {
          wait.waiters.push_back(m.rank);
          wait.last_arrival = std::max(wait.last_arrival, m.init_entered);
        }
      }
    }
    if (wait.waiters.empty()) return;
    communicator.parent_id == 0 ? FindRendezvousHolders(communicator, unknown, wait)
                                : FindSplitHolders(communicator, wait);
    waits_.push_back(std::move(wait));
  }

  // A creation from a unique id needs as many ranks as the communicator has places. Who they are is known
  // when all that have not come fit into the free places.
  void FindRendezvousHolders(const store::Communicator& communicator, int unknown, Wait& wait) {
    absl::flat_hash_set<int32_t> came;
    for (const store::Member& m : communicator.members) came.insert(m.rank);
    for (int32_t rank = 0; rank < static_cast<int32_t>(store_.ranks.size()); ++rank) {
      if (!came.contains(rank)) wait.holders.push_back(rank);
    }
    wait.missing_holders = store_.quality.missing_ranks;
    const int named = static_cast<int>(wait.holders.size() + wait.missing_holders.size());
    if (named > unknown) {
      KeepThoseWithoutCommunicator(wait.holders);
      if (static_cast<int>(wait.holders.size()) != unknown) wait.holders.clear();
      wait.missing_holders.clear();
    }
    wait.unknown_holders = unknown - static_cast<int>(wait.holders.size() + wait.missing_holders.size());
  }

  // Of too many candidates, those that take part in nothing yet are the likely ones.
  void KeepThoseWithoutCommunicator(std::vector<int32_t>& ranks) {
    if (busy_.empty()) {
      busy_.assign(store_.ranks.size(), 0);
      for (const store::Communicator& c : store_.communicators) {
        for (const store::Member& m : c.members) {
          if (m.rank != kNone) busy_[m.rank] = 1;
        }
      }
    }
    std::erase_if(ranks, [&](int32_t rank) { return busy_[rank] != 0; });
  }

  // A split needs every rank of its parent, whatever its colour: those that have made fewer splits than the
  // waiters. A shrink needs those that stay; nobody says who they are, but who tears the parent down has
  // left.
  void FindSplitHolders(const store::Communicator& communicator, Wait& wait) {
    const absl::flat_hash_map<int32_t, size_t>& made = SplitsOf(communicator.parent_id);
    const auto count = [&](int32_t rank) {
      const auto it = made.find(rank);
      return it == made.end() ? 0 : it->second;
    };
    const bool shrinks = IsShrink(wait);
    size_t round = 0;
    for (int32_t rank : wait.waiters) round = std::max(round, count(rank));
    for (const store::Communicator& parent : store_.communicators) {
      if (parent.id != communicator.parent_id) continue;
      for (const store::Member& m : parent.members) {
        if (m.rank == kNone) {
          ++wait.unknown_holders;
        } else if (count(m.rank) < round && !(m.teardown_entered != 0 && shrinks)) {
          wait.holders.push_back(m.rank);
        }
      }
    }
  }

  bool IsShrink(const Wait& creation) {
    if (!shrinking_known_) {
      shrinking_known_ = true;
      static const uint16_t kShrink = api::FindApi("ncclCommShrink")->id;
      for (size_t i = 0; i < store_.calls.size(); ++i) {
        if (store_.calls.api[i] == kShrink && store_.calls.returned[i] == 0)
          shrinking_.insert(store_.calls.rank[i]);
      }
    }
    return shrinking_.contains(creation.waiters.front());
  }

  // How many splits of a communicator each rank has entered, with and without colour.
  const absl::flat_hash_map<int32_t, size_t>& SplitsOf(uint64_t parent_id) {
    const auto [it, added] = splits_.try_emplace(parent_id);
    if (!added) return it->second;
    int32_t parent = kNone;
    absl::flat_hash_set<int32_t> inside;  // a split of this parent, as communicators tell it
    for (int32_t c = 0; c < static_cast<int32_t>(store_.communicators.size()); ++c) {
      const store::Communicator& communicator = store_.communicators[c];
      if (communicator.id == parent_id) parent = c;
      if (communicator.parent_id != parent_id) continue;
      for (const auto* places : {&communicator.members, &communicator.unplaced}) {
        for (const store::Member& m : *places) {
          if (m.rank == kNone) continue;
          ++it->second[m.rank];
          if (m.ready == 0) inside.insert(m.rank);
        }
      }
    }
    static const uint16_t kSplit = api::FindApi("ncclCommSplit")->id;
    for (size_t i = 0; i < store_.calls.size(); ++i) {
      const int32_t rank = store_.calls.rank[i];
      if (store_.calls.api[i] != kSplit || rank == kNone || parent == kNone) continue;
      // Without colour it is recorded as a call on the parent only. Of a split that failed when the job was
      // ended only the call is left, too: the hooks dropped the communicator.
      const bool colourless = store_.calls.communicator[i] == parent;
      const bool forgotten = store_.calls.returned[i] == 0 && !inside.contains(rank);
      if (colourless || forgotten) ++it->second[rank];
    }
    return it->second;
  }

  void AddTeardown(int32_t c) {
    const store::Communicator& communicator = store_.communicators[c];
    Wait wait;
    wait.kind = WaitKind::kTeardown, wait.communicator = c;
    for (const store::Member& m : communicator.members) {
      if (m.rank == kNone) continue;
      const store::Process* process = store_.ProcessOf(m.rank);
      const bool over = process != nullptr && process->state == store::ProcessState::kEnded;
      if (IsTearingDown(m.rank, c)) {
        wait.waiters.push_back(m.rank);
        wait.last_arrival = std::max(wait.last_arrival, m.teardown_entered);
      } else if (m.teardown_entered == 0 && !over) {
        wait.holders.push_back(m.rank);
      }
    }
    if (!wait.waiters.empty()) waits_.push_back(std::move(wait));
  }

  // Is the rank inside a call that ends this communicator?
  bool IsTearingDown(int32_t rank, int32_t communicator) {
    if (!open_teardowns_known_) {
      open_teardowns_known_ = true;
      for (size_t i = 0; i < store_.calls.size(); ++i) {
        const api::ApiInfo* info = api::FindApi(store_.calls.api[i]);
        const bool ends = info != nullptr && (info->groups & api::kCommEnd) != 0;
        if (ends && store_.calls.returned[i] == 0) {
          open_teardowns_.insert({store_.calls.rank[i], store_.calls.communicator[i]});
        }
      }
    }
    return open_teardowns_.contains({rank, communicator});
  }

  void Measure(Wait& wait) {
    const double periods = store_.stands_still ? std::min(settings_.periods, settings_.periods_at_standstill)
                                               : settings_.periods;
    wait.threshold_ns =
        !store_.end_is_observed
            ? 0
            : std::max(settings_.min_wait_ns,
                       static_cast<int64_t>(periods * progress_.UsualInterval(wait.communicator)));
    const auto& o = store_.operations;
    for (int32_t rank : wait.waiters) {
      int64_t until = progress_.WatchedUntil(rank);
      if (wait.operation >= 0 && o.state[wait.operation] == store::OpState::kAborted) {
        for (const store::Member& m : CommunicatorOf(wait).members) {
          if (m.rank == rank && m.teardown_entered != 0) until = std::min(until, m.teardown_entered);
        }
      }
      wait.waited_ns = std::max(wait.waited_ns, until - wait.last_arrival);
    }
  }

  const Store& store_;
  const Progress& progress_;
  const HangSettings& settings_;
  const uint16_t send_;
  std::vector<Wait> waits_;
  absl::flat_hash_map<uint64_t, size_t> collective_index_;
  bool shrinking_known_ = false;
  absl::flat_hash_set<int32_t> shrinking_;                           // ranks inside ncclCommShrink
  std::map<uint64_t, absl::flat_hash_map<int32_t, size_t>> splits_;  // parent -> rank -> entered
  absl::flat_hash_set<std::pair<int32_t, int32_t>> open_teardowns_;  // rank, communicator
  bool open_teardowns_known_ = false;
  std::vector<uint8_t> busy_;  // by rank: it has a place in some communicator; filled when first needed
  std::map<std::tuple<int32_t, int32_t, int32_t, size_t>, size_t> p2p_index_;
};

}  // namespace

std::vector<Wait> FindWaits(const Store& store, const Progress& progress, const HangSettings& settings) {
  return WaitFinder(store, progress, settings).Find();
}

}  // namespace rankle::localize
