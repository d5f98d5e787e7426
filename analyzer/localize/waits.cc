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
        ++wait.unknown_holders;
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

  // One wait a pair and direction: both sides find the same node.
  void AddP2p(int32_t rank, uint32_t operation) {
    const auto& o = store_.operations;
    const int32_t c = o.communicator[operation], self = o.member[operation], peer = o.peer[operation];
    const auto& members = store_.communicators[c].members;
    if (peer < 0 || peer >= static_cast<int32_t>(members.size()) || peer == self) return;
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
      ++wait.unknown_holders;
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
      return process != nullptr && process->overwritten + process->dropped > 0;
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
    for (const store::Member& m : communicator.members) {
      if (m.rank == kNone) {
        ++unknown;
      } else if (m.ready == 0 && m.gone == 0 && m.state == store::CommState::kInitialising) {
        wait.waiters.push_back(m.rank);
        wait.last_arrival = std::max(wait.last_arrival, m.init_entered);
      }
    }
    if (wait.waiters.empty()) return;
    FindInitHolders(communicator, unknown, wait);
    waits_.push_back(std::move(wait));
  }

  // Nobody wrote down who should have come. A creation needs every rank of its parent (or of the job); those
  // that have entered no such creation, this one or a sibling of the same split, are the ones that are
  // missing.
  void FindInitHolders(const store::Communicator& communicator, int unknown, Wait& wait) {
    absl::flat_hash_set<int32_t> came;
    size_t rounds = 0;  // creations under this parent that the waiters have entered
    absl::flat_hash_map<int32_t, size_t> entered;
    for (const store::Communicator& other : store_.communicators) {
      if (other.parent_id != communicator.parent_id) continue;
      for (const store::Member& m : other.members) {
        if (m.rank != kNone && m.init_entered != 0) ++entered[m.rank];
      }
    }
    for (int32_t rank : wait.waiters) rounds = std::max(rounds, entered[rank]);
    for (const store::Member& m : communicator.members) {
      if (m.rank != kNone) came.insert(m.rank);
    }
    const auto consider = [&](int32_t rank) {
      if (!came.contains(rank) && entered[rank] < rounds) wait.holders.push_back(rank);
    };
    const auto parent = std::find_if(
        store_.communicators.begin(), store_.communicators.end(),
        [&](const auto& other) { return communicator.parent_id != 0 && other.id == communicator.parent_id; });
    if (parent != store_.communicators.end()) {
      for (const store::Member& m : parent->members) {
        if (m.rank != kNone) consider(m.rank);
      }
    } else {
      for (int32_t rank = 0; rank < static_cast<int32_t>(store_.ranks.size()); ++rank) consider(rank);
      if (static_cast<int32_t>(communicator.members.size()) == store_.world_size) {
        wait.missing_holders = store_.quality.missing_ranks;
      }
    }
    const int named = static_cast<int>(wait.holders.size() + wait.missing_holders.size());
    if (communicator.parent_id == 0 && named > unknown && unknown >= 0) {
      // More candidates than free places: which of them belong here is not known.
      wait.holders.clear(), wait.missing_holders.clear();
      wait.unknown_holders = unknown;
    } else {
      wait.unknown_holders = std::max(0, unknown - named);
    }
  }

  void AddTeardown(int32_t c) {
    const store::Communicator& communicator = store_.communicators[c];
    Wait wait;
    wait.kind = WaitKind::kTeardown, wait.communicator = c;
    for (const store::Member& m : communicator.members) {
      if (m.rank == kNone) continue;
      const store::Process* process = store_.ProcessOf(m.rank);
      const bool over = process != nullptr && process->state == store::ProcessState::kEnded;
      if (m.teardown_entered != 0 && m.gone == 0 && !over && m.state == store::CommState::kFinalizing) {
        wait.waiters.push_back(m.rank);
        wait.last_arrival = std::max(wait.last_arrival, m.teardown_entered);
      } else if (m.teardown_entered == 0 && !over) {
        wait.holders.push_back(m.rank);
      }
    }
    if (!wait.waiters.empty()) waits_.push_back(std::move(wait));
  }

  void Measure(Wait& wait) {
    wait.threshold_ns =
        std::max(settings_.min_wait_ns,
                 static_cast<int64_t>(settings_.periods * progress_.UsualInterval(wait.communicator)));
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
  std::map<std::tuple<int32_t, int32_t, int32_t, size_t>, size_t> p2p_index_;
};

}  // namespace

std::vector<Wait> FindWaits(const Store& store, const Progress& progress, const HangSettings& settings) {
  return WaitFinder(store, progress, settings).Find();
}

}  // namespace rankle::localize
