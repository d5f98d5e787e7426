#include "analyzer/localize/transfer_cost.h"

#include <algorithm>

#include "analyzer/localize/median.h"

namespace rankle::localize {
namespace {

bool TakesPart(const IterationSeries& series, int32_t rank) {
  return rank == store::kNone ||
         std::find(series.ranks.begin(), series.ranks.end(), rank) != series.ranks.end();
}

double CostIn(const IterationSeries& series, const SlowTransfer& transfer) {
  std::vector<int64_t> lengths, communication;
  for (const Iteration& iteration : series.iterations) {
    if (iteration.begin < transfer.since) continue;
    lengths.push_back(iteration.length_ns);
    communication.push_back(iteration.communication_ns);
  }
  return std::min(transfer.share * static_cast<double>(Median(lengths)),
                  static_cast<double>(Median(communication)));
}

bool HasRank(const store::Store& store, const IterationSeries& series, int32_t global_rank) {
  return global_rank < 0 || std::any_of(series.ranks.begin(), series.ranks.end(),
                                        [&](int32_t rank) { return store.GlobalRank(rank) == global_rank; });
}

}  // namespace

void AddCosts(const store::Store& store, const std::vector<IterationSeries>& series,
              std::vector<SlowConnection>& connections) {
  for (SlowConnection& connection : connections) {
    for (const IterationSeries& s : series) {
      if (s.iterations.empty() || !HasRank(store, s, connection.source) ||
          !HasRank(store, s, connection.destination))
        continue;
      double length_ns = 0;
      for (const Iteration& iteration : s.iterations) length_ns += static_cast<double>(iteration.length_ns);
      connection.cost_s =
          std::max(connection.cost_s, (connection.share - connection.normal) * 1e-9 * length_ns /
                                          static_cast<double>(s.iterations.size()));
    }
  }
}

void AddCosts(const std::vector<IterationSeries>& series, std::vector<SlowTransfer>& transfers) {
  for (SlowTransfer& transfer : transfers) {
    for (const IterationSeries& s : series) {
      if (TakesPart(s, transfer.source) && TakesPart(s, transfer.destination))
        transfer.cost_ns = std::max(transfer.cost_ns, CostIn(s, transfer));
    }
  }
}

}  // namespace rankle::localize
