#include "analyzer/report/html/activity.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"

namespace rankle::html {
namespace {

// Operations are ordered by entry, and a few may still run that entered long before: so many finished ones in
// a row end the search for them. Streams of a rank that run at once are fewer.
constexpr int kFinishedInARow = 64;

}  // namespace

int64_t Activity::Arrival(size_t i) const {
  const auto& o = store_.operations;
  return o.started[i] != 0 ? o.started[i] : o.entered[i];
}

int64_t Activity::LastArrival(size_t i) {
  const auto& o = store_.operations;
  if (o.p2p[i]) return 0;
  const auto [it, added] =
      last_arrivals_.try_emplace(static_cast<uint64_t>(o.communicator[i]) << 32 | o.seq[i], 0);
  if (!added) return it->second;
  int64_t last = 0;
  for (const store::Member& member : store_.communicators[o.communicator[i]].members) {
    if (member.rank == store::kNone) continue;
    const auto found = std::lower_bound(member.collectives.begin(), member.collectives.end(), o.seq[i],
                                        [&](uint32_t op, uint32_t seq) { return o.seq[op] < seq; });
    const bool there = found != member.collectives.end() && o.seq[*found] == o.seq[i];
    // A member whose old records are gone has been there long ago.
    if (!there && member.last_seq >= o.seq[i]) continue;
    last = std::max(last, there ? Arrival(*found) : INT64_MAX);
  }
  return it->second = last;
}

size_t Activity::FirstInWindow(int32_t rank, int64_t begin) const {
  const auto& o = store_.operations;
  const auto first = o.entered.begin() + static_cast<std::ptrdiff_t>(store_.rank_begin(rank));
  const auto last = o.entered.begin() + static_cast<std::ptrdiff_t>(store_.rank_begin(rank + 1));
  auto at = static_cast<size_t>(std::lower_bound(first, last, begin) - o.entered.begin());
  int finished = 0;
  for (size_t i = at; i-- > store_.rank_begin(rank) && finished < kFinishedInARow;) {
    if (o.finished[i] != 0 && o.finished[i] < begin) {
      ++finished;
    } else {
      at = i, finished = 0;
    }
  }
  return at;
}

std::vector<Stretch> Activity::Of(int32_t rank, int64_t begin, int64_t end) {
  std::vector<Stretch> stretches;
  const auto add = [&](Doing doing, int64_t from, int64_t to, int64_t operation) {
    from = std::max(from, begin), to = std::min(to, end);
    if (from < to) stretches.push_back({doing, from, to, operation});
  };
  const store::Process* process = store_.ProcessOf(rank);
  const int64_t gone = process != nullptr && process->ended != 0 ? process->ended : INT64_MAX;
  const auto& o = store_.operations;
  absl::flat_hash_set<uint32_t> blocked;  // streams: what is queued behind a stuck operation does nothing yet
  for (size_t i = FirstInWindow(rank, begin); i < store_.rank_begin(rank + 1); ++i) {
    if (o.entered[i] > end) break;
    if (o.state[i] == store::OpState::kFailed) continue;
    const auto operation = static_cast<int64_t>(i);
    const int64_t arrival = Arrival(i);
    if (o.finished[i] == 0 && progress_.IsFinished(static_cast<uint32_t>(i))) {
      add(Doing::kWait, arrival, LastArrival(i), operation);  // its end is not on record
      continue;
    }
    if (o.finished[i] == 0) {
      if (blocked.insert(o.stream[i]).second) add(Doing::kStuck, arrival, std::min(gone, end), operation);
      continue;
    }
    // Clocks of hosts differ a little, and somebody else's last arrival may seem to lie behind the end.
    const int64_t everybody = std::clamp(LastArrival(i), arrival, std::max(arrival, o.finished[i]));
    add(Doing::kWait, arrival, everybody, operation);
    add(Doing::kTransfer, everybody, o.finished[i], operation);
  }
  if (gone != INT64_MAX) add(Doing::kGone, gone, end, -1);
  return stretches;
}

}  // namespace rankle::html
