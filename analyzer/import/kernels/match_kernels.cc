#include "analyzer/import/kernels/match_kernels.h"

#include <algorithm>
#include <map>
#include <set>

namespace rankle::import {
namespace {

using Indices = std::vector<size_t>;
using Lanes = std::map<int64_t, Indices>;  // by lane, in order of start

template <typename T>
Lanes ByLane(const std::vector<T>& rows) {
  Lanes lanes;
  for (size_t i = 0; i < rows.size(); ++i) lanes[rows[i].lane].push_back(i);
  for (auto& [lane, of] : lanes) {
    std::stable_sort(of.begin(), of.end(),
                     [&](size_t a, size_t b) { return rows[a].started < rows[b].started; });
  }
  return lanes;
}

class Matcher {
 public:
  Matcher(const std::vector<EventSpan>& spans, const std::vector<KernelTime>& kernels,
          const KernelMatchOptions& options)
      : spans_(spans),
        kernels_(kernels),
        options_(options),
        span_lanes_(ByLane(spans)),
        taken_(spans.size()) {}

  std::vector<KernelMatch> Match() {
    for (const auto& [lane, of] : ByLane(kernels_)) {
      if (const Indices* spans = LaneOf(of)) MatchLane(of, *spans);
    }
    std::vector<KernelMatch> matches;
    for (size_t span = 0; span < spans_.size(); ++span) Share(span, matches);
    std::sort(matches.begin(), matches.end(),
              [](const auto& a, const auto& b) { return a.kernel < b.kernel; });
    return matches;
  }

 private:
  // Spans of a lane that surround the kernel, in order.
  Indices Surrounding(size_t kernel, const Indices& lane) const {
    const KernelTime& k = kernels_[kernel];
    const auto end = std::partition_point(lane.begin(), lane.end(), [&](size_t s) {
      return spans_[s].started - options_.tolerance_ns <= k.started;
    });
    Indices found;
    for (auto it = end; it != lane.begin();) {
      const EventSpan& span = spans_[*--it];
      if (span.finished + options_.tolerance_ns < k.started)
        break;  // the spans of a stream follow each other
      const bool fits = span.launches > 1 || options_.fits == nullptr || options_.fits(kernel, *it, 0);
      if (fits && k.finished <= span.finished + options_.tolerance_ns) found.push_back(*it);
    }
    std::reverse(found.begin(), found.end());
    return found;
  }

  // nullptr: none, or two that do equally.
  const Indices* LaneOf(const Indices& kernels) const {
    const Indices* best = nullptr;
    size_t most = 0;
    for (const auto& [lane, spans] : span_lanes_) {
      const auto inside =
          static_cast<size_t>(std::count_if(kernels.begin(), kernels.end(), [&, &of = spans](size_t k) {
            return !Surrounding(k, of).empty();
          }));
      if (inside == most) best = nullptr;
      if (inside > most) best = &spans, most = inside;
    }
    return best;
  }

  void MatchLane(const Indices& kernels, const Indices& spans) {
    std::vector<Indices> possible;
    for (size_t kernel : kernels) {
      possible.push_back(Surrounding(kernel, spans));
      if (possible.back().size() == 1) taken_[possible.back().front()].push_back(kernel);
    }
    if (!options_.nothing_lost) return;
    for (size_t i = 0; i < kernels.size();) {
      size_t end = i;
      while (end < kernels.size() && possible[end].size() > 1) ++end;
      if (end > i) MatchRow(kernels, possible, i, end);
      i = end + 1;
    }
  }

  // Kernels [begin, end) of a lane, each with several spans to choose from.
  void MatchRow(const Indices& kernels, const std::vector<Indices>& possible, size_t begin, size_t end) {
    std::set<std::pair<int64_t, size_t>> left;  // in order of start
    for (size_t i = begin; i < end; ++i) {
      for (size_t span : possible[i]) {
        if (taken_[span].empty()) left.insert({spans_[span].started, span});
      }
    }
    if (left.size() != end - begin) return;
    auto span = left.begin();
    for (size_t i = begin; i < end; ++i, ++span) {
      if (!std::binary_search(possible[i].begin(), possible[i].end(), span->second, [&](size_t a, size_t b) {
            return std::pair(spans_[a].started, a) < std::pair(spans_[b].started, b);
          }))
        return;
    }
    span = left.begin();
    for (size_t i = begin; i < end; ++i, ++span) taken_[span->second].push_back(kernels[i]);
  }

  // Gives the kernels of a span to its launches, if they can be told apart.
  void Share(size_t span, std::vector<KernelMatch>& matches) const {
    Indices kernels = taken_[span];
    if (kernels.empty()) return;
    const EventSpan& s = spans_[span];
    const bool one_lane = std::all_of(kernels.begin(), kernels.end(), [&](size_t k) {
      return kernels_[k].lane == kernels_[kernels.front()].lane;
    });
    const bool countable = kernels.size() == s.launches || (s.launches == 1 && s.several_kernels);
    if (!one_lane || !countable) return;
    std::stable_sort(kernels.begin(), kernels.end(),
                     [&](size_t a, size_t b) { return kernels_[a].started < kernels_[b].started; });
    const auto launch_of = [&](size_t i) { return s.launches == 1 ? 0 : static_cast<uint32_t>(i); };
    for (size_t i = 0; i < kernels.size(); ++i) {
      if (options_.fits != nullptr && !options_.fits(kernels[i], span, launch_of(i))) return;
    }
    for (size_t i = 0; i < kernels.size(); ++i) matches.push_back({kernels[i], span, launch_of(i)});
  }

  const std::vector<EventSpan>& spans_;
  const std::vector<KernelTime>& kernels_;
  const KernelMatchOptions& options_;
  const Lanes span_lanes_;
  std::vector<Indices> taken_;  // by span: its kernels
};

}  // namespace

std::vector<KernelMatch> MatchKernels(const std::vector<EventSpan>& spans,
                                      const std::vector<KernelTime>& kernels,
                                      const KernelMatchOptions& options) {
  return Matcher(spans, kernels, options).Match();
}

}  // namespace rankle::import
