#include "analyzer/import/logs/dead_ranks.h"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <map>
#include <vector>

#include "analyzer/import/logs/xid.h"

namespace rankle::import {
namespace {

// Signals that nobody sends to a process that merely waits: watchdogs abort, launchers ask (SIGTERM). SIGKILL
// follows such a request, too, so only the first failure counts.
bool DiedOfItself(const LoggedTrouble& end) {
  return end.first && (end.signal == SIGKILL || end.signal == SIGSEGV || end.signal == SIGBUS ||
                       end.signal == SIGILL || end.signal == SIGFPE);
}

bool Kills(const LoggedTrouble& t) {
  switch (t.kind) {
    case TroubleKind::kError:
      return t.fatal && t.blame == store::Blame::kLocal;
    case TroubleKind::kEnd:
      return DiedOfItself(t);
    case TroubleKind::kXid:
      return MeaningOfXid(t.xid).blame < XidBlame::kConsequence;
    default:
      return false;
  }
}

// Adds ranks without operations to a finished store and finishes it again: indices of ranks move. `global`:
// ascending, none of a rank of the store.
void AddSilentRanks(const std::vector<int32_t>& global, store::Store& store) {
  std::vector<store::Rank> ranks = store.ranks;
  for (const int32_t rank : global) {
    ranks.push_back({rank, static_cast<int32_t>(store.processes.size())});
    store.processes.emplace_back().rank = rank;
  }
  std::sort(ranks.begin(), ranks.end(),
            [](const store::Rank& a, const store::Rank& b) { return a.global < b.global; });
  std::map<int32_t, int32_t> index;  // by global rank
  for (size_t i = 0; i < ranks.size(); ++i) index[ranks[i].global] = static_cast<int32_t>(i);
  std::vector<int32_t> moved;  // by old index
  for (const store::Rank& rank : store.ranks) moved.push_back(index[rank.global]);
  const auto move = [&](int32_t& rank) { rank = rank < 0 ? rank : moved[rank]; };
  for (auto* column : {&store.operations.rank, &store.calls.rank, &store.events.rank})
    std::for_each(column->begin(), column->end(), move);
  for (store::Sample& sample : store.samples) move(sample.rank);
  for (store::Communicator& c : store.communicators) {
    for (auto* members : {&c.members, &c.unplaced}) {
      for (store::Member& m : *members) move(m.rank), m.collectives.clear(), m.p2p.clear();
    }
    for (store::Member& m : c.members) {
      if (m.rank == store::kNone && std::binary_search(global.begin(), global.end(), m.global))
        m.rank = index[m.global];
    }
  }
  store.ranks = std::move(ranks);
  std::erase_if(store.quality.missing_ranks,
                [&](int32_t rank) { return std::binary_search(global.begin(), global.end(), rank); });
  store.Finish();
}

}  // namespace

std::set<int32_t> DeadRanks(const LogContents& contents, const RankFinder& finder) {
  std::set<int32_t> dead, waited;
  for (const LoggedTrouble& t : contents.troubles) {
    const bool waits = t.kind == TroubleKind::kWatchdog;
    if (!waits && !Kills(t)) continue;
    const int32_t rank = finder.RankOf(t.who);
    if (rank >= 0) (waits ? waited : dead).insert(rank);
  }
  for (const int32_t rank : waited) dead.erase(rank);
  return dead;
}

void AddDeadRanks(const LogContents& contents, const RankFinder& finder, store::Store& store) {
  const std::set<int32_t> dead = DeadRanks(contents, finder);
  if (dead.empty()) return;
  std::set<int32_t> unseen(store.quality.missing_ranks.begin(), store.quality.missing_ranks.end());
  for (const store::Communicator& c : store.communicators) {
    for (const store::Member& m : c.members) {
      if (m.rank == store::kNone && m.global >= 0) unseen.insert(m.global);
    }
  }
  std::vector<int32_t> both;
  std::set_intersection(dead.begin(), dead.end(), unseen.begin(), unseen.end(), std::back_inserter(both));
  if (!both.empty()) AddSilentRanks(both, store);
}

}  // namespace rankle::import
