#include "analyzer/whatif/rank_order.h"

#include <map>

namespace rankle::whatif {
namespace {

// How far back in a stream is looked: more operations than are ever in flight between two streams.
constexpr size_t kFarBack = 256;

uint64_t Pair(const TimedOperation& earlier, const TimedOperation& later) {
  return static_cast<uint64_t>(earlier.position) << 32 | later.position;
}

using Streams = std::map<uint32_t, std::vector<uint32_t>>;  // operations so far, in order

bool LaunchedTogether(const TimedOperation& a, const TimedOperation& b) {
  return a.group != 0 && a.group == b.group && a.arrival == b.arrival;
}

// Calls f(index) for what the stream has seen, the latest first, until f returns true.
template <typename F>
void Backwards(const std::vector<uint32_t>& stream, const F& f) {
  for (size_t back = 1; back <= std::min(stream.size(), kFarBack); ++back) {
    if (f(stream[stream.size() - back])) return;
  }
}

}  // namespace

void RankOrder::Learn(const std::vector<TimedOperation>& operations) {
  Streams streams;
  for (uint32_t i = 0; i < operations.size(); ++i) {
    for (const auto& [stream, before] : streams) {
      if (stream == operations[i].stream) continue;
      Backwards(before, [&](uint32_t k) {
        if (operations[k].end <= operations[i].arrival) return true;
        independent_.insert(Pair(operations[k], operations[i]));
        return false;
      });
    }
    streams[operations[i].stream].push_back(i);
  }
}

bool RankOrder::Independent(const TimedOperation& earlier, const TimedOperation& later) const {
  if (earlier.end > later.arrival || LaunchedTogether(earlier, later)) return true;
  return earlier.stream != later.stream && independent_.contains(Pair(earlier, later));
}

std::vector<std::vector<uint32_t>> RankOrder::Waits(const std::vector<TimedOperation>& operations) const {
  std::vector<std::vector<uint32_t>> waits(operations.size());
  Streams streams;
  for (uint32_t i = 0; i < operations.size(); ++i) {
    for (const auto& [stream, before] : streams) {
      Backwards(before, [&](uint32_t k) {
        if (Independent(operations[k], operations[i])) return false;
        waits[i].push_back(k);
        return true;
      });
    }
    streams[operations[i].stream].push_back(i);
  }
  return waits;
}

}  // namespace rankle::whatif
