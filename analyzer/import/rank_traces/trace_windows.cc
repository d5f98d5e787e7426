#include "analyzer/import/rank_traces/trace_windows.h"

#include <algorithm>
#include <cstddef>

namespace rankle::import {
namespace {

// Numbers further apart are no numbers of one count.
constexpr int64_t kFurthest = 1 << 24;

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

}  // namespace

std::vector<uint32_t> WindowBegins(const std::vector<WindowOfCalls>& traces) {
  const std::vector<uint32_t> by_order(traces.size(), 0);
  int64_t first = INT64_MAX, last = 0;
  bool as_many = true;
  const WindowOfCalls* any = nullptr;
  for (const WindowOfCalls& calls : traces) {
    if (calls.empty()) continue;
    if (calls.front().sequence < 0) return by_order;
    first = std::min(first, calls.front().sequence), last = std::max(last, calls.front().sequence);
    as_many = as_many && (any == nullptr || calls.size() == any->size());
    any = &calls;
  }
  if (any == nullptr || first == last || last - first > kFurthest) return by_order;
  std::vector<uint32_t> by_number(traces.size(), 0);
  for (size_t t = 0; t < traces.size(); ++t) {
    if (!traces[t].empty()) by_number[t] = static_cast<uint32_t>(traces[t].front().sequence - first);
  }
  const Fit order = Compare(traces, by_order), number = Compare(traces, by_number);
  if (as_many && order.different == 0) return by_order;  // nothing is gained by the numbers
  return number.same > 0 && number.different <= order.different ? by_number : by_order;
}

}  // namespace rankle::import
