#include "analyzer/import/rank_traces/trace_windows.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace rankle::import {
namespace {

// Numbers further apart are no numbers of one count.
constexpr int64_t kFurthest = 1 << 24;

// Without numbers and times: further apart nobody starts the recorders of a job that calls this often, and
// fewer common calls agree by chance.
constexpr int64_t kMostShift = 256;
constexpr size_t kEnough = 3;

struct Fit {
  size_t same = 0, different = 0;
};

// Each trace against the longest one, where both have a call.
Fit Compare(const std::vector<WindowOfCalls>& traces, const std::vector<uint32_t>& begins) {
  size_t longest = 0;
  for (size_t t = 1; t < traces.size(); ++t) {
    if (traces[t].size() > traces[longest].size()) longest = t;
  }
  Fit fit;
  for (size_t t = 0; t < traces.size(); ++t) {
    if (t == longest) continue;
    for (size_t i = 0; i < traces[t].size(); ++i) {
      const int64_t at = static_cast<int64_t>(i) + begins[t] - begins[longest];
      if (at < 0 || at >= static_cast<int64_t>(traces[longest].size())) continue;
      const CallInWindow &a = traces[t][i], &b = traces[longest][static_cast<size_t>(at)];
      ++(a.api == b.api && a.count == b.count ? fit.same : fit.different);
    }
  }
  return fit;
}

using Begins = std::vector<uint32_t>;

// Empty: not all are numbered, or all begin at the same number.
Begins ByNumber(const std::vector<WindowOfCalls>& traces) {
  int64_t first = INT64_MAX, last = INT64_MIN;
  for (const WindowOfCalls& calls : traces) {
    if (calls.empty()) continue;
    if (calls.front().sequence < 0) return {};
    first = std::min(first, calls.front().sequence), last = std::max(last, calls.front().sequence);
  }
  if (first >= last || last - first > kFurthest) return {};
  Begins begins(traces.size(), 0);
  for (size_t t = 0; t < traces.size(); ++t) {
    if (!traces[t].empty()) begins[t] = static_cast<uint32_t>(traces[t].front().sequence - first);
  }
  return begins;
}

// By the call of the trace that begins first that ends next to the first call of each. Empty: without times.
Begins ByTime(const std::vector<WindowOfCalls>& traces) {
  const WindowOfCalls* earliest = nullptr;
  for (const WindowOfCalls& calls : traces) {
    if (calls.empty()) continue;
    if (calls.front().finished_ns == 0) return {};
    if (earliest == nullptr || calls.front().finished_ns < earliest->front().finished_ns) earliest = &calls;
  }
  if (earliest == nullptr) return {};
  Begins begins(traces.size(), 0);
  for (size_t t = 0; t < traces.size(); ++t) {
    if (traces[t].empty()) continue;
    const int64_t end = traces[t].front().finished_ns;
    auto nearest = earliest->begin();
    for (auto it = nearest; it != earliest->end() && it->finished_ns != 0; ++it) {
      if (std::abs(it->finished_ns - end) > std::abs(nearest->finished_ns - end)) break;
      nearest = it;
    }
    begins[t] = static_cast<uint32_t>(nearest - earliest->begin());
  }
  return begins;
}

// Do the calls agree where both have one, if `a` begins `later` calls after `b`? Too few common calls tell
// nothing.
bool AgreesShifted(const WindowOfCalls& a, const WindowOfCalls& b, int64_t later) {
  const auto begin_a = static_cast<size_t>(std::max<int64_t>(-later, 0));
  const auto begin_b = static_cast<size_t>(std::max<int64_t>(later, 0));
  size_t common = 0;
  for (; begin_a + common < a.size() && begin_b + common < b.size(); ++common) {
    const CallInWindow &x = a[begin_a + common], &y = b[begin_b + common];
    if (x.api != y.api || x.count != y.count) return false;
  }
  return common >= kEnough && common * 2 >= std::min(a.size(), b.size());
}

// By the least shift against the longest trace under which all common calls agree. Empty: some agree under
// none.
Begins ByFit(const std::vector<WindowOfCalls>& traces) {
  const WindowOfCalls* longest = nullptr;
  for (const WindowOfCalls& calls : traces) {
    if (longest == nullptr || calls.size() > longest->size()) longest = &calls;
  }
  std::vector<int64_t> later(traces.size(), 0);
  for (size_t t = 0; t < traces.size(); ++t) {
    if (traces[t].empty() || AgreesShifted(traces[t], *longest, 0)) continue;
    int64_t shift = 1;
    while (shift <= kMostShift && !AgreesShifted(traces[t], *longest, shift) &&
           !AgreesShifted(traces[t], *longest, -shift))
      ++shift;
    if (shift > kMostShift) return {};
    later[t] = AgreesShifted(traces[t], *longest, shift) ? shift : -shift;
  }
  const int64_t first = later.empty() ? 0 : *std::min_element(later.begin(), later.end());
  Begins begins(traces.size(), 0);
  for (size_t t = 0; t < traces.size(); ++t) {
    if (!traces[t].empty()) begins[t] = static_cast<uint32_t>(later[t] - first);
  }
  return begins;
}

bool AreNumbered(const std::vector<WindowOfCalls>& traces) {
  return std::all_of(traces.begin(), traces.end(),
                     [](const WindowOfCalls& calls) { return calls.empty() || calls.front().sequence >= 0; });
}

}  // namespace

std::vector<uint32_t> WindowBegins(const std::vector<WindowOfCalls>& traces) {
  const Begins by_order(traces.size(), 0);
  const Fit order = Compare(traces, by_order);
  if (const Begins by_number = ByNumber(traces); !by_number.empty()) {
    size_t most = 0, fewest = SIZE_MAX;
    for (const WindowOfCalls& calls : traces) {
      if (!calls.empty()) most = std::max(most, calls.size()), fewest = std::min(fewest, calls.size());
    }
    const Fit number = Compare(traces, by_number);
    const bool nothing_gained = order.different == 0 && most == fewest;
    if (!nothing_gained && number.same > 0 && number.different <= order.different) return by_number;
  }
  if (order.different == 0) return by_order;
  const Begins by_time = ByTime(traces);
  if (by_time.empty()) {
    const Begins by_fit = AreNumbered(traces) ? Begins() : ByFit(traces);
    return by_fit.empty() ? by_order : by_fit;
  }
  const Fit time = Compare(traces, by_time);
  return time.same > 0 && time.different == 0 ? by_time : by_order;
}

}  // namespace rankle::import
