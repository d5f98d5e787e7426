// Live: when does a running job become slower, and when is that over? Fed with the iterations of ever new
// windows of its records. Where pace.h judges a finished job by ten iterations on each side and a permutation
// test, this one has to speak after three and only looks back. Pure; the time is that of the iterations.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "analyzer/localize/iterations.h"

namespace rankle::localize {

struct PaceCall {
  bool slower = true;  // false: back to the usual pace
  bool by_steps = false;
  int64_t since = 0;                 // beginning of the first iteration of the new pace
  int64_t first_iteration = 0;       // its number
  int iterations = 0;                // of the new pace so far
  int64_t usual_ns = 0, now_ns = 0;  // medians of an iteration
};

struct SlowdownSettings {
  // A change is stable when it has lasted so many iterations ...
  size_t iterations = 3;
  // ... and so long: other processes take the cores of a host for seconds (as in rules/slow_global.sql).
  int64_t least_ns = 3'000'000'000;
  // The usual pace is known from so many iterations on (as in change_points.h).
  size_t to_know_the_pace = 10;
  // What must be found (the bar for a slow rank); back is what differs from the usual by less than half of
  // it.
  double slower = 1.2, back = 1.1;
  // Nearly every iteration takes longer than nearly every usual one: a busy machine leaves some as quick as
  // ever (rules/slow_global.sql).
  double superiority = 0.9;
  // Slower by this than the slowest stretch before: what happened before and passed is no change.
  double beyond_the_worst = 1.05;
  // Iterations that communicate more do more.
  double most_work = 1.1;
};

class SlowdownTracker {
 public:
  explicit SlowdownTracker(const SlowdownSettings& settings = {}) : settings_(settings) {}
  // What the iterations of a window that were not in earlier ones change.
  std::vector<PaceCall> Observe(const std::vector<IterationSeries>& window);
  // Usual length of an iteration in the series that was seen the most; 0 = not known yet.
  int64_t UsualNs() const;

 private:
  struct Track {
    bool by_steps = false, slow = false;
    int64_t seen_until = 0, count = 0;
    double called_ns = 0;          // the pace that was called slower
    std::deque<Iteration> usual;   // before `latest`; stands still while the job is slow
    std::deque<Iteration> latest;  // as few as are a stable stretch
  };
  void Add(const Iteration& iteration, Track& track) const;
  bool IsLongEnough(const std::deque<Iteration>& latest, size_t without) const;
  bool IsSlower(const Track& track) const;
  bool IsBack(const Track& track) const;
  static PaceCall Call(Track& track);

  SlowdownSettings settings_;
  std::map<std::pair<int32_t, uint64_t>, Track> tracks_;  // first rank and kind of the series
};

}  // namespace rankle::localize
