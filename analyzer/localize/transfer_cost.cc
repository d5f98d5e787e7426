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

}  // namespace

void AddCosts(const std::vector<IterationSeries>& series, std::vector<SlowTransfer>& transfers) {
  for (SlowTransfer& transfer : transfers) {
    for (const IterationSeries& s : series) {
      if (TakesPart(s, transfer.source) && TakesPart(s, transfer.destination))
        transfer.cost_ns = std::max(transfer.cost_ns, CostIn(s, transfer));
    }
  }
}

}  // namespace rankle::localize
