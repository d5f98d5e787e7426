#include "analyzer/localize/step_numbers.h"

#include <algorithm>
#include <map>

#include "analyzer/localize/primary.h"

namespace rankle::localize {

StepNumbers FindStepNumbers(const store::Store& store) {
  const store::Operations& o = store.operations;
  StepNumbers numbers;
  numbers.of.assign(o.step.begin(), o.step.end());
  numbers.marked = std::any_of(o.step.begin(), o.step.end(), [](int32_t step) { return step >= 0; });
  if (numbers.marked) return numbers;

  const std::vector<const store::Member*> primary = PrimaryMembers(store);
  std::map<int32_t, size_t> periods;  // by communicator: its members must not disagree about it
  for (size_t rank = 0; rank < store.ranks.size(); ++rank) {
    if (primary[rank] == nullptr) continue;
    const int32_t communicator = o.communicator[primary[rank]->collectives.front()];
    const auto [it, added] = periods.try_emplace(communicator, 0);
    if (added) it->second = CollectivePeriod(store, *primary[rank]);
    if (it->second == 0) continue;
    int64_t step = -1;  // from the last operation to the first: a collective says what leads to it
    for (size_t i = store.rank_begin(rank + 1); i-- > store.rank_begin(rank);) {
      if (o.communicator[i] == communicator && !o.p2p[i])
        step = (static_cast<int64_t>(o.seq[i]) - 1) / static_cast<int64_t>(it->second);
      numbers.of[i] = step;
    }
  }
  return numbers;
}

}  // namespace rankle::localize
