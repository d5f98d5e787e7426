#include "analyzer/whatif/pipeline_places.h"

#include <algorithm>
#include <optional>

#include "injector/api/api.h"

namespace rankle::whatif {
namespace {

// How a rank begins its exchanges in a step.
struct Beginning {
  bool sends = false, receives = false;  // its first launch
  int32_t next = store::kNone;           // the rank that its first send goes to
  friend bool operator==(const Beginning&, const Beginning&) = default;
};

int32_t PeerRank(const store::Store& store, uint32_t row) {
  const auto& members = store.communicators[store.operations.communicator[row]].members;
  const int32_t peer = store.operations.peer[row];
  return peer >= 0 && peer < static_cast<int32_t>(members.size()) ? members[peer].rank : store::kNone;
}

// The same in all steps but the first and the last, which need not be whole; nothing if it is not the same.
std::optional<Beginning> BeginningOf(const store::Store& store,
                                     const std::vector<TimedOperation>& operations) {
  static const uint16_t kSend = api::FindApi("ncclSend")->id;
  std::vector<Beginning> beginnings;
  int64_t step = -1, first_arrival = 0;
  for (const TimedOperation& op : operations) {
    if (!op.p2p || op.step < 0) continue;
    if (beginnings.empty() || op.step != step) {
      beginnings.emplace_back();
      step = op.step, first_arrival = op.arrival;
    }
    Beginning& b = beginnings.back();
    const bool send = store.operations.api[op.row] == kSend;
    if (op.arrival == first_arrival) (send ? b.sends : b.receives) = true;
    if (send && b.next == store::kNone) b.next = PeerRank(store, op.row);
  }
  if (beginnings.size() > 2) beginnings.pop_back(), beginnings.erase(beginnings.begin());
  if (beginnings.empty()) return std::nullopt;
  const bool all_alike = std::equal(beginnings.begin() + 1, beginnings.end(), beginnings.begin());
  return all_alike ? std::optional(beginnings.front()) : std::nullopt;
}

PipelinePlaces NotTold(std::string why) { return {.why_not = std::move(why), .pipeline = {}, .stage = {}}; }

}  // namespace

PipelinePlaces FindPipelinePlaces(const store::Store& store,
                                  const std::vector<std::vector<TimedOperation>>& operations) {
  std::vector<Beginning> beginnings;
  const bool any = std::any_of(operations.begin(), operations.end(), [](const auto& list) {
    return std::any_of(list.begin(), list.end(), [](const TimedOperation& op) { return op.p2p; });
  });
  if (!any) return NotTold("no sends and receives");
  for (const auto& list : operations) {
    const std::optional<Beginning> b = BeginningOf(store, list);
    if (!b || b->sends == b->receives)
      return NotTold(
          "sends and receives are not those of a pipeline: not every rank begins its steps with one or the "
          "other");
    beginnings.push_back(*b);
  }
  PipelinePlaces places;
  places.pipeline.assign(operations.size(), store::kNone);
  places.stage.assign(operations.size(), store::kNone);
  int32_t pipelines = 0;
  size_t placed = 0;
  for (size_t head = 0; head < beginnings.size(); ++head) {
    if (!beginnings[head].sends) continue;
    int32_t stage = 0;
    for (int32_t rank = static_cast<int32_t>(head);
         rank != store::kNone && places.stage[rank] == store::kNone &&
         (stage == 0 || !beginnings[rank].sends);
         rank = beginnings[rank].next) {
      places.pipeline[rank] = pipelines, places.stage[rank] = stage++;
      ++placed;
    }
    if (pipelines++ > 0 && stage != places.stages) return NotTold("the pipelines differ in length");
    places.stages = stage;
  }
  if (placed != operations.size()) return NotTold("not every rank is in a pipeline");
  if (places.stages < 2) return NotTold("there is only one stage");
  return places;
}

}  // namespace rankle::whatif
