#include "analyzer/localize/stuck_links.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace rankle::localize {
namespace {

using store::Transfer;

bool IsMoving(const Transfer& t) { return t.moving > 0; }
bool IsBegun(const Transfer& t) { return t.has_source && t.posted > t.sent; }
// Sent as far as the source can tell, but never there.
bool IsLost(const Transfer& t) { return t.has_source && t.has_destination && t.sent > t.received; }

std::string Describe(const store::Store& store, const Transfer& t) {
  std::string text =
      absl::StrFormat("rank %d to rank %d, channel %d: %d steps begun, %d sent", store.GlobalRank(t.source),
                      store.GlobalRank(t.destination), t.channel, t.posted, t.sent);
  if (t.has_destination) absl::StrAppend(&text, ", ", t.received, " received");
  if (t.moving > 0) {
    absl::StrAppendFormat(&text, "; %d on the wire since %.1f s", t.moving,
                          store::Store::Seconds(t.moving_since));
  } else if (t.last_sent != 0) {
    absl::StrAppendFormat(&text, "; last sent at %.1f s", store::Store::Seconds(t.last_sent));
  }
  return text;
}

}  // namespace

std::vector<StuckLink> FindStuckLinks(const store::Store& store, int32_t communicator) {
  for (auto* stands : {IsMoving, IsLost, IsBegun}) {
    std::map<std::pair<int32_t, int32_t>, StuckLink> found;
    for (const Transfer& t : store.transfers) {
      if (t.communicator != communicator || !stands(t)) continue;
      found.try_emplace({t.source, t.destination}, StuckLink{t.source, t.destination, Describe(store, t)});
    }
    if (found.empty()) continue;
    std::vector<StuckLink> links;
    for (auto& [ends, link] : found) links.push_back(std::move(link));
    return links;
  }
  return {};
}

}  // namespace rankle::localize
