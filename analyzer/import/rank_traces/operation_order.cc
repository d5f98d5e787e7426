#include "analyzer/import/rank_traces/operation_order.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "analyzer/import/rank_traces/operation_meaning.h"
#include "analyzer/import/rank_traces/shared_order.h"

namespace rankle::import {
namespace {

struct Place {
  size_t trace = 0, operation = 0;
};
using PlacesByTrace = std::map<size_t, std::vector<Place>>;

class OrderFinder {
 public:
  OrderFinder(const std::vector<RankTrace>& traces, const TraceGroups& groups, bool completed)
      : traces_(traces), groups_(groups), completed_(completed) {
    for (const RankTrace& t : traces) ranks_.insert(t.rank);
  }

  OperationOrder Find() {
    std::map<int32_t, PlacesByTrace> collectives;                             // by group
    std::map<std::tuple<int32_t, int32_t, int32_t>, PlacesByTrace> channels;  // by group, sender, receiver
    order_.number.resize(traces_.size());
    for (size_t t = 0; t < traces_.size(); ++t) {
      order_.number[t].assign(traces_[t].operations.size(), 1);
      for (size_t i = 0; i < traces_[t].operations.size(); ++i) {
        const RankOperation& o = traces_[t].operations[i];
        const int32_t g = groups_.Of(t, i), rank = traces_[t].rank;
        if (g < 0) continue;
        if (!MeaningOf(o).p2p) {
          collectives[g][t].push_back({t, i});
        } else if (completed_ && ranks_.contains(o.peer)) {
          channels[o.name == "recv" ? std::tuple(g, o.peer, rank) : std::tuple(g, rank, o.peer)][t].push_back(
              {t, i});
        }
      }
    }
    std::set<int32_t> untold;
    for (const auto& [g, places] : collectives) {
      if (!Number(places, true)) untold.insert(g);
    }
    for (const auto& [ends, places] : channels) {
      if (!Number(places, false)) untold.insert(std::get<0>(ends));
    }
    order_.untold.assign(untold.begin(), untold.end());
    return std::move(order_);
  }

 private:
  SharedOperation Shared(const RankOperation& o, bool collective) const {
    SharedOperation shared;
    shared.end_ns = completed_ ? o.finished_ns : kNotTold;
    if (!collective) return shared;  // a send and its receive have neither name nor number in common
    const OperationMeaning meaning = MeaningOf(o);
    shared.function = meaning.api;
    shared.count = meaning.sizes_agree ? o.elements : 0;
    shared.id = o.shared_id != 0 ? o.shared_id : o.sequence >= 0 ? static_cast<uint64_t>(o.sequence) + 1 : 0;
    return shared;
  }

  // False: nothing tells which of them are the same.
  bool Number(const PlacesByTrace& by_trace, bool collective) {
    std::vector<std::vector<SharedOperation>> ranks;
    for (const auto& [t, places] : by_trace) {
      auto& list = ranks.emplace_back();
      for (const Place& p : places)
        list.push_back(Shared(traces_[p.trace].operations[p.operation], collective));
    }
    const SharedOrder found = FindSharedOrder(ranks);
    size_t r = 0;
    for (const auto& [t, places] : by_trace) {
      for (size_t k = 0; k < places.size(); ++k) order_.number[t][places[k].operation] = found.number[r][k];
      ++r;
    }
    (found.told ? order_.outside : order_.not_told) += found.left_out;
    order_.shifted = order_.shifted || found.shifted;
    return found.told;
  }

  const std::vector<RankTrace>& traces_;
  const TraceGroups& groups_;
  const bool completed_;
  std::set<int32_t> ranks_;
  OperationOrder order_;
};

}  // namespace

bool OperationOrder::TellsAny(const TraceGroups& groups) const {
  for (size_t t = 0; t < number.size(); ++t) {
    for (size_t i = 0; i < number[t].size(); ++i) {
      if (groups.Of(t, i) >= 0 && number[t][i] != 0) return true;
    }
  }
  return false;
}

OperationOrder FindOperationOrder(const std::vector<RankTrace>& traces, const TraceGroups& groups,
                                  bool completed) {
  return OrderFinder(traces, groups, completed).Find();
}

}  // namespace rankle::import
