// FindStalls: follows the wait-for graph to where it ends and says what kind of end that is.
#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/localize/components.h"
#include "analyzer/localize/describe.h"
#include "analyzer/localize/left_behind.h"
#include "analyzer/localize/stuck_links.h"
#include "analyzer/localize/unseen.h"
#include "analyzer/localize/wait_graph.h"

namespace rankle::localize {
namespace {

using store::kNone;
using store::ProcessState;
using store::Store;

// Culprits and links that are described one by one.
constexpr size_t kMaxShown = 4;

class StallFinder {
 public:
  StallFinder(const Store& store, const Progress& progress, const std::vector<Wait>& waits)
      : store_(store), progress_(progress), waits_(waits), ranks_(static_cast<int32_t>(store.ranks.size())) {}

  std::vector<Stall> Find() {
    behind_ = FindLeftBehind(store_, progress_);
    BuildGraph();
    component_ = StronglyConnectedComponents(graph_);
    FindEnds();
    std::vector<Stall> stalls;
    for (auto& [end, nodes] : ends_) stalls.push_back(Classify(nodes));
    MergeSharedWaits(stalls);
    for (Stall& stall : stalls) FinishStall(stall);
    YieldToUnseen(store_, waits_, behind_, stalls);
    return stalls;
  }

 private:
  int32_t NodeOf(size_t wait) const { return ranks_ + static_cast<int32_t>(wait); }
  ProcessState StateOf(int32_t rank) const {
    const store::Process* process = store_.ProcessOf(rank);
    return process == nullptr ? ProcessState::kRunning : process->state;
  }

  // What such a rank waits in would not end if everybody else came.
  bool MovesNoMore(int32_t rank) const { return IsInert(StateOf(rank)) || behind_[rank].groups > 0; }

  void BuildGraph() {
    graph_.resize(ranks_ + waits_.size());
    waits_of_rank_.resize(ranks_), waits_held_by_.resize(ranks_);
    for (size_t w = 0; w < waits_.size(); ++w) {
      for (int32_t rank : waits_[w].waiters) {
        waits_of_rank_[rank].push_back(w);
        // A rank that is stopped or gone would not move if its wait ended: the chain ends at it.
        if (!MovesNoMore(rank)) graph_[rank].push_back(NodeOf(w));
        if (behind_[rank].groups > 0) graph_[NodeOf(w)].push_back(rank);
      }
      for (int32_t rank : waits_[w].holders) {
        waits_held_by_[rank].push_back(w);
        graph_[NodeOf(w)].push_back(rank);
      }
      // What is grouped ends together: a send and its receive that both are there still wait for the rest of
      // the groups.
      const bool complete = waits_[w].holders.empty() && waits_[w].unknown_holders == 0;
      if (complete && waits_[w].operation >= 0 && store_.operations.group[waits_[w].operation] != 0) {
        for (int32_t rank : waits_[w].waiters) graph_[NodeOf(w)].push_back(rank);
      }
    }
  }

  // Components without a way out that a stalled wait leads to.
  void FindEnds() {
    std::vector<uint8_t> reached(graph_.size(), 0), leaves(graph_.size(), 0);
    std::vector<int32_t> todo;
    for (size_t w = 0; w < waits_.size(); ++w) {
      if (waits_[w].IsStalled()) todo.push_back(NodeOf(w)), reached[NodeOf(w)] = 1;
    }
    while (!todo.empty()) {
      const int32_t node = todo.back();
      todo.pop_back();
      for (int32_t to : graph_[node]) {
        if (component_[to] != component_[node]) leaves[component_[node]] = 1;
        if (!reached[to]) reached[to] = 1, todo.push_back(to);
      }
    }
    for (int32_t node = 0; node < static_cast<int32_t>(graph_.size()); ++node) {
      if (reached[node] && !leaves[component_[node]]) ends_[component_[node]].push_back(node);
    }
  }

  Stall Classify(const std::vector<int32_t>& nodes) {
    if (nodes.size() > 1) return ClassifyCycle(nodes);
    if (nodes[0] >= ranks_) return ClassifyFullWait(waits_[nodes[0] - ranks_]);
    return ClassifyRank(nodes[0]);
  }

  // Which of two waits for a rank tells more: the one that began first, or, where the clocks of the waiters
  // cannot be related, the one with the most waiters.
  bool ShownBefore(const Wait& a, const Wait& b) const {
    const auto key = [&](const Wait& wait) {
      const size_t waiters = store_.device_times ? 0 : wait.waiters.size();
      return std::tuple(!wait.IsStalled(), -static_cast<int64_t>(waiters), wait.last_arrival);
    };
    return key(a) < key(b);
  }

  Stall ClassifyRank(int32_t rank) {
    Stall stall;
    stall.culprits = {rank};
    if (behind_[rank].groups > 0) return ClassifyLeftBehind(rank);
    const Wait* held = nullptr;
    for (size_t w : waits_held_by_[rank]) {
      if (held == nullptr || ShownBefore(waits_[w], *held)) held = &waits_[w];
    }
    if (held == nullptr) {  // inert inside a wait that it shares: everybody came, and it does not move
      for (size_t w : waits_of_rank_[rank]) held = &waits_[w];
      stall.kind = StallKind::kInCollective;
      if (held != nullptr) stall.wait = *held, SayWhatTheStoppedNeverEntered(stall);
      return stall;
    }
    stall.wait = *held;
    switch (held->kind) {
      case WaitKind::kInit:
        stall.kind = StallKind::kInit;
        return stall;
      case WaitKind::kTeardown:
        stall.kind = StallKind::kExit;
        return stall;
      default:
        break;
    }
    stall.kind = HasTornDown(rank, held->communicator)   ? StallKind::kShort
                 : StateOf(rank) == ProcessState::kEnded ? StallKind::kLeft
                                                         : StallKind::kNotEntered;
    return stall;
  }

  bool HasTornDown(int32_t rank, int32_t communicator) const {
    const auto& members = store_.communicators[communicator].members;
    return std::any_of(members.begin(), members.end(),
                       [&](const store::Member& m) { return m.rank == rank && m.teardown_entered != 0; });
  }

  Stall ClassifyLeftBehind(int32_t rank) const {
    const LeftBehind& behind = behind_[rank];
    const auto& o = store_.operations;
    Stall stall;
    stall.kind = StallKind::kNotCompleted;
    stall.culprits = {rank}, stall.groups = behind.groups;
    stall.wait.communicator = behind.communicator, stall.wait.operation = behind.operation;
    stall.wait.seq = o.seq[behind.operation];
    stall.wait.last_arrival = o.entered[behind.operation];
    stall.wait.waited_ns = progress_.WatchedUntil(rank) - stall.wait.last_arrival;
    stall.wait.waiters = {rank};
    stall.evidence.push_back(
        absl::StrCat("rank ", store_.GlobalRank(rank), " has not completed ", WaitName(store_, stall.wait),
                     ", which rank ", store::RankList(GlobalRanks(store_, behind.ahead)),
                     behind.ahead.size() == 1 ? " has" : " have", " completed with its help; so it is in ",
                     behind.groups, behind.groups == 1 ? " communicator" : " communicators"));
    return stall;
  }

  // Some ranks wait in an operation for others that wait for them in the teardown of the same communicator.
  bool ClassifyEarlyTeardown(const std::vector<int32_t>& nodes, Stall& stall) const {
    const Wait *operation = nullptr, *teardown = nullptr;
    for (int32_t node : nodes) {
      if (node < ranks_) continue;
      const Wait& wait = waits_[node - ranks_];
      (wait.kind == WaitKind::kTeardown ? teardown : operation) = &wait;
    }
    if (operation == nullptr || teardown == nullptr || operation->communicator != teardown->communicator)
      return false;
    stall.wait = *operation;
    stall.kind = StallKind::kShort;
    stall.culprits = teardown->waiters;
    return true;
  }

  // Most wait in the creation of a communicator for few who went on to an operation and wait there for them.
  bool ClassifySkippedCreation(const std::vector<int32_t>& nodes, Stall& stall) const {
    for (int32_t node : nodes) {
      if (node < ranks_ || waits_[node - ranks_].kind != WaitKind::kInit) continue;
      const Wait& creation = waits_[node - ranks_];
      if (creation.holders.empty() || creation.holders.size() >= creation.waiters.size()) return false;
      stall.wait = creation;
      stall.kind = StallKind::kInit;
      stall.culprits = creation.holders;
      return true;
    }
    return false;
  }

  // Everybody whom the records know has come to this wait.
  Stall ClassifyFullWait(const Wait& wait) {
    Stall stall;
    stall.wait = wait;
    if (wait.unknown_holders > 0 || !wait.missing_holders.empty()) {
      stall.kind = StallKind::kNoRecord;
      return stall;
    }
    stall.kind = wait.kind == WaitKind::kInit       ? StallKind::kInit
                 : wait.kind == WaitKind::kTeardown ? StallKind::kExit
                                                    : StallKind::kInCollective;
    for (int32_t rank : wait.waiters) {
      if (IsInert(StateOf(rank))) stall.culprits.push_back(rank);
    }
    if (!stall.culprits.empty()) {
      SayWhatTheStoppedNeverEntered(stall);
      return stall;
    }
    if (wait.operation < 0) return stall;
    const std::vector<int32_t> behind = NotStarted(wait);
    if (!behind.empty()) {
      stall.kind = StallKind::kNotStarted;
      stall.culprits = behind;
    } else if (wait.waiters.size() * 2 < store_.communicators[wait.communicator].members.size()) {
      stall.culprits = wait.waiters;  // most have finished; these few have not
    }
    return stall;
  }

  // A stopped process also holds up what it entered before. If others have entered more since, in any
  // communicator, it was stopped outside: name the first operation that it never entered.
  void SayWhatTheStoppedNeverEntered(Stall& stall) const {
    Wait first;
    for (int32_t c = 0; c < static_cast<int32_t>(store_.communicators.size()); ++c) {
      Wait next = NextWithout(c, stall.culprits);
      next.threshold_ns = stall.wait.threshold_ns;
      if (!next.waiters.empty() && (first.waiters.empty() || next.last_arrival < first.last_arrival))
        first = next;
    }
    if (first.waiters.empty()) return;
    stall.kind = StallKind::kNotEntered;
    stall.wait = first;
  }

  // The collective after the last that these ranks entered in a communicator; no waiters when nobody else did
  // either.
  Wait NextWithout(int32_t communicator, const std::vector<int32_t>& ranks) const {
    const store::Communicator& c = store_.communicators[communicator];
    int64_t came = INT64_MAX;
    for (const store::Member& m : c.members) {
      if (std::find(ranks.begin(), ranks.end(), m.rank) == ranks.end()) continue;
      came = std::min<int64_t>(came, m.collectives.empty() ? 0 : store_.operations.seq[m.collectives.back()]);
    }
    Wait next;
    if (came == INT64_MAX) return next;
    next.communicator = communicator, next.seq = static_cast<uint32_t>(came + 1);
    for (const store::Member& m : c.members) {
      if (m.rank == kNone) continue;
      const int64_t operation = progress_.FindCollective(m, next.seq);
      if (operation < 0) {
        next.holders.push_back(m.rank);
        continue;
      }
      next.operation = operation;
      next.waiters.push_back(m.rank);
      next.last_arrival = std::max(next.last_arrival, store_.operations.entered[operation]);
      next.waited_ns = std::max(next.waited_ns, progress_.WatchedUntil(m.rank) - next.last_arrival);
    }
    return next;
  }

  // Waiters whose device never began the operation although that of others did.
  std::vector<int32_t> NotStarted(const Wait& wait) const {
    const auto& o = store_.operations;
    std::vector<int32_t> behind;
    size_t started = 0;
    for (int32_t rank : wait.waiters) {
      for (uint32_t head : progress_.Heads(rank)) {
        if (o.communicator[head] != wait.communicator || o.seq[head] != wait.seq) continue;
        o.started[head] == 0 ? behind.push_back(rank) : void(++started);
      }
    }
    return started == 0 ? std::vector<int32_t>{} : behind;
  }

  // Ranks that wait for each other. When the host of some of them is inside a blocking call and that of
  // others is not, the latter could go on by themselves: they are stuck elsewhere, and the cycle is only a
  // consequence.
  Stall ClassifyCycle(const std::vector<int32_t>& nodes) {
    Stall stall;
    if (ClassifyEarlyTeardown(nodes, stall) || ClassifySkippedCreation(nodes, stall)) return stall;
    std::vector<int32_t> ranks, at_large;
    const Wait* earliest = nullptr;
    for (int32_t node : nodes) {
      if (node < ranks_) {
        ranks.push_back(node);
        if (!HostIsBlocked(node)) at_large.push_back(node);
      } else if (earliest == nullptr || waits_[node - ranks_].last_arrival < earliest->last_arrival) {
        earliest = &waits_[node - ranks_];
      }
    }
    const bool held = std::any_of(nodes.begin(), nodes.end(), [&](int32_t node) {
      return node >= ranks_ && !waits_[node - ranks_].holders.empty();
    });
    if (!held) {  // only groups hold each other: everybody came
      Wait all = *earliest;
      all.waiters = ranks;
      return ClassifyFullWait(all);
    }
    const bool mixed = !at_large.empty() && at_large.size() < ranks.size();
    stall.kind = mixed ? StallKind::kNotEntered : StallKind::kDeadlock;
    stall.culprits = mixed ? at_large : ranks;
    stall.wait = *earliest;
    if (mixed) {  // show a wait that one of them holds
      for (size_t w : waits_held_by_[at_large[0]]) stall.wait = waits_[w];
    } else {
      for (int32_t node : nodes) {
        if (node >= ranks_) stall.evidence.push_back(DescribeWait(store_, waits_[node - ranks_]));
      }
    }
    return stall;
  }

  bool HostIsBlocked(int32_t rank) {
    if (blocked_hosts_.empty()) {
      blocked_hosts_.assign(ranks_, 0);
      for (size_t i = 0; i < store_.calls.size(); ++i) {
        if (store_.calls.rank[i] >= 0 && store_.calls.returned[i] == 0)
          blocked_hosts_[store_.calls.rank[i]] = 1;
      }
    }
    if (blocked_hosts_[rank]) return true;
    const auto& heads = progress_.Heads(rank);
    return std::any_of(heads.begin(), heads.end(), [&](uint32_t head) {
      return store_.operations.state[head] == store::OpState::kEntered;
    });
  }

  // Several ranks that hold up the same wait are one stall with several culprits.
  static void MergeSharedWaits(std::vector<Stall>& stalls) {
    std::map<std::tuple<StallKind, int, int32_t, int64_t>, size_t> first;
    std::vector<Stall> merged;
    for (Stall& stall : stalls) {
      const auto key = std::tuple(stall.kind, static_cast<int>(stall.wait.kind), stall.wait.communicator,
                                  stall.wait.kind == WaitKind::kP2p ? -1 - stall.wait.operation
                                                                    : static_cast<int64_t>(stall.wait.seq));
      const auto [it, added] = first.try_emplace(key, merged.size());
      if (added) {
        merged.push_back(std::move(stall));
      } else {
        Stall& into = merged[it->second];
        into.culprits.insert(into.culprits.end(), stall.culprits.begin(), stall.culprits.end());
        into.groups = std::min(into.groups, stall.groups);
        if (stall.kind != StallKind::kNotCompleted) continue;  // of others the evidence is the same
        into.wait.waiters.insert(into.wait.waiters.end(), stall.wait.waiters.begin(),
                                 stall.wait.waiters.end());
        into.evidence.insert(into.evidence.end(), stall.evidence.begin(), stall.evidence.end());
      }
    }
    stalls = std::move(merged);
  }

  void FinishStall(Stall& stall) {
    std::sort(stall.culprits.begin(), stall.culprits.end());
    RecogniseExtraOperation(stall);
    FindVictims(stall);
    if (stall.kind != StallKind::kNotCompleted)
      stall.evidence.insert(stall.evidence.begin(), DescribeWait(store_, stall.wait));
    for (size_t i = 0; i < stall.culprits.size() && i < kMaxShown; ++i) {
      stall.evidence.push_back(DescribeRank(store_, stall.culprits[i]));
    }
    AddPlaces(store_, stall.wait.waiters, stall.evidence);
    if (stall.kind == StallKind::kInCollective && stall.culprits.empty()) AddStuckLinks(stall);
  }

  void AddStuckLinks(Stall& stall) const {
    const std::vector<StuckLink> stuck = FindStuckLinks(store_, stall.wait);
    if (stuck.size() == 1) stall.links.emplace_back(stuck[0].source, stuck[0].destination);
    for (size_t i = 0; i < stuck.size() && i < kMaxShown; ++i) stall.evidence.push_back(stuck[i].what);
    if (stuck.size() > kMaxShown)
      stall.evidence.push_back(
          absl::StrCat(stuck.size() - kMaxShown, " more links have something on the way"));
    const std::vector<std::string> progress = DescribeTransferProgress(store_, stall.wait);
    for (size_t i = 0; i < progress.size() && i < kMaxShown; ++i) stall.evidence.push_back(progress[i]);
  }

  // Few wait, and most of the communicator has left it behind: what the few issued is one operation too many.
  void RecogniseExtraOperation(Stall& stall) {
    const bool late = stall.kind == StallKind::kNotEntered || stall.kind == StallKind::kLeft ||
                      stall.kind == StallKind::kShort;
    if (!late || stall.wait.kind != WaitKind::kCollective) return;
    const store::Communicator& c = store_.communicators[stall.wait.communicator];
    size_t gone = 0;
    for (const store::Member& m : c.members) {
      if (m.rank == kNone) continue;
      gone += m.teardown_entered != 0 || StateOf(m.rank) == ProcessState::kEnded;
    }
    if (gone * 2 <= c.members.size() || stall.wait.waiters.size() * 2 >= c.members.size()) return;
    stall.kind = StallKind::kExtra;
    stall.culprits = stall.wait.waiters;
  }

  void FindVictims(Stall& stall) {
    if (waiters_reverse_.empty()) {
      waiters_reverse_.resize(graph_.size());
      for (int32_t from = 0; from < static_cast<int32_t>(graph_.size()); ++from) {
        for (int32_t to : graph_[from]) waiters_reverse_[to].push_back(from);
      }
    }
    std::vector<uint8_t> seen(graph_.size(), 0);
    std::vector<int32_t> todo = stall.culprits;
    for (int32_t rank : todo) seen[rank] = 1;
    for (int32_t rank : stall.wait.waiters) {
      if (!seen[rank]) seen[rank] = 1, todo.push_back(rank);
    }
    while (!todo.empty()) {
      const int32_t node = todo.back();
      todo.pop_back();
      for (int32_t from : waiters_reverse_[node]) {
        if (!seen[from]) seen[from] = 1, todo.push_back(from);
      }
    }
    for (int32_t rank = 0; rank < ranks_; ++rank) {
      if (seen[rank] && !std::binary_search(stall.culprits.begin(), stall.culprits.end(), rank)) {
        stall.victims.push_back(rank);
      }
    }
  }

  const Store& store_;
  const Progress& progress_;
  const std::vector<Wait>& waits_;
  const int32_t ranks_;
  Graph graph_, waiters_reverse_;
  std::vector<std::vector<size_t>> waits_of_rank_, waits_held_by_;
  std::vector<int32_t> component_;
  std::map<int32_t, std::vector<int32_t>> ends_;  // component -> its nodes
  std::vector<uint8_t> blocked_hosts_;
  std::vector<LeftBehind> behind_;
};

}  // namespace

const char* StallKindName(StallKind kind) {
  static constexpr const char* kNames[] = {"not_entered", "not_started",   "in_collective", "deadlock",
                                           "init",        "exit",          "left",          "short",
                                           "extra",       "not_completed", "no_record"};
  return kNames[static_cast<int>(kind)];
}

std::vector<Stall> FindStalls(const Store& store, const Progress& progress, const std::vector<Wait>& waits) {
  return StallFinder(store, progress, waits).Find();
}

}  // namespace rankle::localize
