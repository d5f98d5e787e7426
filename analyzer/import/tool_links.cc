#include "analyzer/import/tool_links.h"

#include <utility>

#include "tracer/transport/format.h"
#include "tracer/transport/histogram.h"

namespace rankle::import {
namespace {

constexpr uint64_t kMib = 1 << 20;

store::Transfer::Times& TimesOf(store::Transfer& t, bool per_mib) {
  for (store::Transfer::Times& times : t.life) {
    if (times.per_mib == per_mib) return times;
  }
  store::Transfer::Times& times = t.life.emplace_back();
  times.per_mib = per_mib;
  times.counts.assign(transport::kBuckets, 0);
  return times;
}

}  // namespace

void ToolLinks::Add(const ToolLink& link, int32_t communicator, int32_t self, int32_t peer) {
  const auto [source, destination] = link.sends ? std::pair(self, peer) : std::pair(peer, self);
  store::Transfer& t = transfers_[{communicator, source, destination, link.channel}];
  t.communicator = communicator, t.source = source, t.destination = destination, t.channel = link.channel;
  if (!link.sends) {
    t.has_destination = true, t.expected += link.steps, t.received += link.steps;
    return;
  }
  t.has_source = true, t.posted += link.steps, t.sent += link.steps, t.bytes += link.bytes;
  for (const ToolLink::Step& step : link.timed) {
    const bool large = step.bytes >= transport::kLargeStepBytes;
    store::Transfer::Times& times = TimesOf(t, large);
    const double ns = large ? static_cast<double>(step.ns) * kMib / static_cast<double>(step.bytes)
                            : static_cast<double>(step.ns);
    ++times.counts[transport::BucketOf(static_cast<uint64_t>(ns))];
    times.bytes += step.bytes;
  }
}

std::vector<store::Transfer> ToolLinks::Take() {
  std::vector<store::Transfer> all;
  for (auto& [key, transfer] : transfers_) all.push_back(std::move(transfer));
  transfers_.clear();
  return all;
}

}  // namespace rankle::import
