#include "analyzer/import/rank_traces/trace_windows.h"

#include <algorithm>
#include <cstddef>

namespace rankle::import {
namespace {

// Numbers further apart are no numbers of one count.
constexpr uint64_t kFurthest = 1 << 24;

// Without numbers: further apart nobody starts the recorders of a job that calls this often, and
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
      ++(SameCall(traces[t][i], traces[longest][static_cast<size_t>(at)]) ? fit.same : fit.different);
    }
  }
  return fit;
}

using Begins = std::vector<uint32_t>;

bool AreNumbered(const std::vector<WindowOfCalls>& traces) {
  return std::all_of(traces.begin(), traces.end(), [](const WindowOfCalls& calls) {
    return std::all_of(calls.begin(), calls.end(), [](const SharedOperation& call) { return call.id != 0; });
  });
}

// Empty: not all are numbered, or all begin at the same number.
Begins ByNumber(const std::vector<WindowOfCalls>& traces) {
  if (!AreNumbered(traces)) return {};
  uint64_t first = UINT64_MAX, last = 0;
  for (const WindowOfCalls& calls : traces) {
    if (!calls.empty()) first = std::min(first, calls.front().id), last = std::max(last, calls.front().id);
  }
  if (first >= last || last - first > kFurthest) return {};
  Begins begins(traces.size(), 0);
  for (size_t t = 0; t < traces.size(); ++t) {
    if (!traces[t].empty()) begins[t] = static_cast<uint32_t>(traces[t].front().id - first);
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
    if (!SameCall(a[begin_a + common], b[begin_b + common])) return false;
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
  const Begins by_fit = AreNumbered(traces) ? Begins() : ByFit(traces);
  return by_fit.empty() ? by_order : by_fit;
}

}  // namespace rankle::import
