#include "analyzer/localize/progress.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"

namespace rankle::localize {

using store::OpState;
using store::ProcessState;

bool IsInert(ProcessState state) { return state != ProcessState::kRunning; }

Progress::Progress(const store::Store& store) : store_(store) {
  TakeRecordedStates();
  InferFromStreamOrder();
  ResolveUntracked();
  ForgiveThoseWhoCannotPoll();
  FindHeads();
  MeasureIntervals();
}

void Progress::TakeRecordedStates() {
  const auto& o = store_.operations;
  finished_.resize(o.size());
  for (size_t i = 0; i < o.size(); ++i) {
    finished_[i] = o.finished[i] != 0 || o.state[i] == OpState::kDone || o.state[i] == OpState::kFailed ||
                   o.state[i] == OpState::kIssued;  // nobody can be waiting in what was not enqueued
  }
}

// Streams run in order, so what precedes a finished operation is finished, except inside one group.
void Progress::InferFromStreamOrder() {
  const auto& o = store_.operations;
  struct Later {
    bool finished = false;
    uint16_t group = 0;
  };
  absl::flat_hash_map<uint32_t, Later> later;
  for (size_t rank = 0; rank < store_.ranks.size(); ++rank) {
    later.clear();
    for (size_t i = store_.rank_begin(rank + 1); i-- > store_.rank_begin(rank);) {
      Later& l = later[o.stream[i]];
      const bool same_group = o.group[i] != 0 && o.group[i] == l.group;
      if (l.finished && !same_group) finished_[i] = 1;
      const bool ran = finished_[i] && o.state[i] != OpState::kFailed && o.state[i] != OpState::kIssued;
      if (ran && !l.finished) l = {true, o.group[i]};
    }
  }
}

// Where completion cannot be observed (graphs, timing off) an operation counts as finished once everybody
// entered it.
void Progress::ResolveUntracked() {
  const auto& o = store_.operations;
  absl::flat_hash_map<uint64_t, size_t> entered;
  for (size_t i = 0; i < o.size(); ++i) {
    if (o.state[i] != OpState::kUntracked || finished_[i]) continue;
    if (o.p2p[i]) {
      finished_[i] = 1;  // nothing better is known; the peer's record, where tracked, shows a wait
      continue;
    }
    const auto& members = store_.communicators[o.communicator[i]].members;
    const uint64_t key = static_cast<uint64_t>(o.communicator[i]) << 32 | o.seq[i];
    auto [it, added] = entered.try_emplace(key, 0);
    if (added) {
      it->second =
          static_cast<size_t>(std::count_if(members.begin(), members.end(), [&](const store::Member& m) {
            return FindCollective(m, o.seq[i]) != kNotEntered;
          }));
    }
    finished_[i] = it->second == members.size();
  }
}

void Progress::ForgiveThoseWhoCannotPoll() {
  const auto& o = store_.operations;
  for (size_t i = 0; i < o.size(); ++i) {
    if (finished_[i]) continue;
    const store::Communicator& c = store_.communicators[o.communicator[i]];
    const store::Process* process = store_.ProcessOf(o.rank[i]);
    const bool left_well = process != nullptr && (process->state == ProcessState::kEnded || process->exiting);
    if (left_well || c.members[o.member[i]].state == store::CommState::kDestroyed) {
      finished_[i] = 1;  // it went on, so it was not waiting; it only left before looking
    } else if (process != nullptr && IsInert(process->state) && !o.p2p[i]) {
      finished_[i] = std::all_of(c.members.begin(), c.members.end(), [&](const store::Member& m) {
        if (m.rank == o.rank[i]) return true;
        const int64_t other = FindCollective(m, o.seq[i]);
        return other == kForgotten || (other >= 0 && finished_[other]);
      });
    }
  }
}

void Progress::FindHeads() {
  const auto& o = store_.operations;
  is_head_.assign(o.size(), 0);
  heads_.resize(store_.ranks.size());
  absl::flat_hash_map<uint32_t, uint32_t> head_of_stream;
  for (size_t rank = 0; rank < store_.ranks.size(); ++rank) {
    head_of_stream.clear();
    for (size_t i = store_.rank_begin(rank); i < store_.rank_begin(rank + 1); ++i) {
      if (finished_[i]) continue;
      // Without streams, what was issued first is waited for first: work of one rank mostly depends on what
      // it issued before, in whatever communicator.
      const auto [it, first] = head_of_stream.try_emplace(store_.streams_known ? o.stream[i] : 0, i);
      const bool grouped = o.group[i] != 0 && o.group[i] == o.group[it->second];
      if (!first && !grouped) continue;
      is_head_[i] = 1;
      heads_[rank].push_back(static_cast<uint32_t>(i));
    }
  }
}

void Progress::MeasureIntervals() {
  constexpr size_t kSample = 65;  // the latest 64 intervals are enough for a median and stay cheap
  const auto& o = store_.operations;
  intervals_.assign(store_.communicators.size(), 0);
  for (size_t c = 0; c < store_.communicators.size(); ++c) {
    std::vector<int64_t> gaps;
    for (const store::Member& m : store_.communicators[c].members) {
      if (m.collectives.size() < 3) continue;
      for (size_t k = std::max<size_t>(1, m.collectives.size() - std::min(kSample, m.collectives.size()));
           k < m.collectives.size(); ++k) {
        gaps.push_back(o.entered[m.collectives[k]] - o.entered[m.collectives[k - 1]]);
      }
      break;
    }
    if (gaps.empty()) continue;
    std::nth_element(gaps.begin(), gaps.begin() + gaps.size() / 2, gaps.end());
    intervals_[c] = gaps[gaps.size() / 2];
  }
}

int64_t Progress::FindCollective(const store::Member& member, uint32_t seq) const {
  const auto& o = store_.operations;
  const auto& list = member.collectives;
  const auto it = std::lower_bound(list.begin(), list.end(), seq, [&](uint32_t operation, uint32_t wanted) {
    return o.seq[operation] < wanted;
  });
  if (it != list.end() && o.seq[*it] == seq) return *it;
  // The communicator's own counter knows of operations whose records are gone (overwritten, dropped, cut
  // off).
  return seq <= member.last_seq ? kForgotten : kNotEntered;
}

int64_t Progress::WatchedUntil(int32_t rank) const {
  const store::Process* process = store_.ProcessOf(rank);
  if (process == nullptr) return store_.observed_until;
  return process->ended != 0 ? std::min(process->ended, std::max(process->last_seen, store_.observed_until))
                             : store_.observed_until;
}

}  // namespace rankle::localize
