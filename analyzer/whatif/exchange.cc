#include "analyzer/whatif/exchange.h"

#include <algorithm>

namespace rankle::whatif {
namespace {

// Begins and ends on one device are recorded in one-millionths of a second, but by two streams' events: those
// that belong together may cross by some ten microseconds. Computations are longer by three orders of
// magnitude.
constexpr double kCrossing = 50e-6;

}  // namespace

size_t CountIdle(const Side& side, std::span<const Span> exchanges, std::span<const Span> computations) {
  if (computations.empty()) return exchanges.size();
  if (side.sends) {
    double first_end = computations.front().end;
    for (const Span& computation : computations) first_end = std::min(first_end, computation.end);
    return std::ranges::count_if(exchanges, [&](const Span& s) { return s.end < first_end - kCrossing; });
  }
  double last_start = computations.front().start;
  for (const Span& computation : computations) last_start = std::max(last_start, computation.start);
  return std::ranges::count_if(exchanges, [&](const Span& s) { return s.start > last_start + kCrossing; });
}

std::vector<int32_t> MatchComputations(const Side& side, size_t exchanges, size_t idle,
                                       const std::vector<bool>& has_peer) {
  std::vector<int32_t> match(exchanges, -1), all, with_peer;
  for (size_t i = 0; i < has_peer.size(); ++i) {
    all.push_back(static_cast<int32_t>(i));
    if (has_peer[i]) with_peer.push_back(static_cast<int32_t>(i));
  }
  const size_t active = exchanges - std::min(idle, exchanges);
  const size_t first = side.sends ? exchanges - active : 0;
  const std::vector<int32_t>& candidates = active == with_peer.size() ? with_peer : all;
  const size_t count = std::min(active, candidates.size());
  // Where some are missing, it is those that nobody needs: the first receives, the last sends.
  const size_t skipped = side.sends ? 0 : candidates.size() - count;
  for (size_t i = 0; i < count; ++i) match[first + i] = candidates[skipped + i];
  return match;
}

}  // namespace rankle::whatif
