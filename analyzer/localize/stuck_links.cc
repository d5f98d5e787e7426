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
  if (t.moving_operation >= 0) {
    const auto op = static_cast<size_t>(t.moving_operation);
    absl::StrAppend(&text, ", of ", store::OperationName(store.operations.api[op]), " #",
                    store.operations.seq[op]);
  }
  return text;
}

bool IsOfAnother(const store::Store& store, const Transfer& t, const Wait& wait) {
  if (t.moving_operation < 0 || wait.kind != WaitKind::kCollective) return false;
  const auto op = static_cast<size_t>(t.moving_operation);
  return store.operations.p2p[op] != 0 || store.operations.seq[op] != wait.seq;
}

}  // namespace

std::vector<StuckLink> FindStuckLinks(const store::Store& store, const Wait& wait) {
  for (auto* stands : {IsMoving, IsLost, IsBegun}) {
    std::map<std::pair<int32_t, int32_t>, StuckLink> found;
    for (const Transfer& t : store.transfers) {
      if (t.communicator != wait.communicator || !stands(t) || IsOfAnother(store, t, wait)) continue;
      found.try_emplace({t.source, t.destination}, StuckLink{t.source, t.destination, Describe(store, t)});
    }
    if (found.empty()) continue;
    std::vector<StuckLink> links;
    for (auto& [ends, link] : found) links.push_back(std::move(link));
    return links;
  }
  return {};
}

std::vector<std::string> DescribeTransferProgress(const store::Store& store, const Wait& wait) {
  std::vector<const store::OperationProgress*> found;
  if (wait.kind != WaitKind::kCollective) return {};
  for (const store::OperationProgress& p : store.progress) {
    const store::Operations& o = store.operations;
    if (o.communicator[p.operation] == wait.communicator && o.p2p[p.operation] == 0 &&
        o.seq[p.operation] == wait.seq)
      found.push_back(&p);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto* a, const auto* b) {
    return a->sends_done + a->receives_done < b->sends_done + b->receives_done;
  });
  std::vector<std::string> lines;
  for (const store::OperationProgress* p : found) {
    lines.push_back(
        absl::StrFormat("rank %d: %d of %d begun sends and %d of %d begun receives of its steps are through",
                        store.GlobalRank(store.operations.rank[p->operation]), p->sends_done, p->sends_posted,
                        p->receives_done, p->receives_posted));
  }
  return lines;
}

}  // namespace rankle::localize
