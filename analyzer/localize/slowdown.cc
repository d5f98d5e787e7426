#include "analyzer/localize/slowdown.h"

#include <algorithm>
#include <numeric>

#include "analyzer/localize/median.h"
#include "analyzer/localize/pace.h"

namespace rankle::localize {
namespace {

// Bounds memory and cost; 512 iterations tell a pace well, and follow one that changes over hours.
constexpr size_t kMostUsual = 512;

std::vector<double> Column(const std::deque<Iteration>& iterations, auto member) {
  std::vector<double> values;
  values.reserve(iterations.size());
  for (const Iteration& iteration : iterations) values.push_back(static_cast<double>(iteration.*member));
  return values;
}

double MedianLength(const std::deque<Iteration>& iterations) {
  return Median(Column(iterations, &Iteration::length_ns));
}

}  // namespace

bool SlowdownTracker::IsLongEnough(const std::deque<Iteration>& latest, size_t without) const {
  if (latest.size() < settings_.iterations + without) return false;
  const int64_t length =
      std::accumulate(latest.begin() + static_cast<std::ptrdiff_t>(without), latest.end(), int64_t{0},
                      [](int64_t sum, const Iteration& iteration) { return sum + iteration.length_ns; });
  return length >= settings_.least_ns;
}

void SlowdownTracker::Add(const Iteration& iteration, Track& track) const {
  track.seen_until = iteration.begin + iteration.length_ns;
  ++track.count;
  track.latest.push_back(iteration);
  while (IsLongEnough(track.latest, /*without=*/1)) {
    if (!track.slow) track.usual.push_back(track.latest.front());
    track.latest.pop_front();
  }
  while (track.usual.size() > kMostUsual) track.usual.pop_front();
}

bool SlowdownTracker::IsSlower(const Track& track) const {
  if (track.usual.size() < settings_.to_know_the_pace || !IsLongEnough(track.latest, 0)) return false;
  const std::vector<double> before = Column(track.usual, &Iteration::length_ns),
                            now = Column(track.latest, &Iteration::length_ns);
  const double median = Median(now);
  return median >= settings_.slower * Median(before) &&
         Median(Column(track.latest, &Iteration::elements)) <=
             settings_.most_work * Median(Column(track.usual, &Iteration::elements)) &&
         median >= settings_.beyond_the_worst * WorstStretch(before, std::min(now.size(), before.size())) &&
         Superiority(before, now) >= settings_.superiority;
}

bool SlowdownTracker::IsBack(const Track& track) const {
  return IsLongEnough(track.latest, 0) &&
         MedianLength(track.latest) <= settings_.back * MedianLength(track.usual);
}

// The new pace begins where iterations cross the middle between the two.
PaceCall SlowdownTracker::Call(Track& track) {
  PaceCall call;
  call.slower = track.slow, call.by_steps = track.by_steps;
  const double usual = MedianLength(track.usual), now = MedianLength(track.latest);
  call.usual_ns = static_cast<int64_t>(usual), call.now_ns = static_cast<int64_t>(now);
  if (track.slow) track.called_ns = now;
  const double middle = (usual + track.called_ns) / 2;
  const auto is_slow = [middle](const Iteration& it) { return static_cast<double>(it.length_ns) >= middle; };
  auto first = track.latest.begin();
  if (track.slow) {
    first = std::find_if(track.latest.begin(), track.latest.end(), is_slow);
  } else {
    while (first != track.latest.end() && is_slow(*first)) ++first;
  }
  if (first == track.latest.end()) first = track.latest.begin();
  call.since = first->begin, call.first_iteration = first->number;
  call.iterations = static_cast<int>(track.latest.end() - first);
  if (!track.slow || first != track.latest.begin()) return call;
  for (auto it = track.usual.rbegin(); it != track.usual.rend() && is_slow(*it); ++it) {
    call.since = it->begin, call.first_iteration = it->number, ++call.iterations;
  }
  return call;
}

std::vector<PaceCall> SlowdownTracker::Observe(const std::vector<IterationSeries>& window) {
  std::vector<PaceCall> calls;
  for (const IterationSeries& series : window) {
    if (series.ranks.empty()) continue;
    Track& track = tracks_[{series.ranks.front(), series.kind}];
    track.by_steps = series.by_steps;
    for (const Iteration& iteration : series.iterations) {
      // Windows overlap, and without step marks each of them cuts iterations at a place of its own.
      if (iteration.begin >= track.seen_until - iteration.length_ns / 2) Add(iteration, track);
    }
    if (track.slow ? !IsBack(track) : !IsSlower(track)) continue;
    track.slow = !track.slow;
    calls.push_back(Call(track));
  }
  return calls;
}

int64_t SlowdownTracker::UsualNs() const {
  const Track* most = nullptr;
  for (const auto& [key, track] : tracks_) {
    if (most == nullptr || track.count > most->count) most = &track;
  }
  if (most == nullptr || most->usual.size() + most->latest.size() < settings_.to_know_the_pace) return 0;
  return static_cast<int64_t>(MedianLength(most->usual.empty() ? most->latest : most->usual));
}

}  // namespace rankle::localize
