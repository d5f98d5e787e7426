#include "analyzer/import/rank_numbers.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "analyzer/store/store.h"

namespace rankle::import {

RankNumbers NumberDevices(const std::vector<int32_t>& sizes, const std::vector<DevicePlace>& places,
                          int32_t devices) {
  std::vector<std::set<int32_t>> present(sizes.size());
  for (const DevicePlace& p : places) present[p.communicator].insert(p.device);
  RankNumbers numbers;
  numbers.of_device.assign(static_cast<size_t>(devices), store::kNone);
  const auto worth = [&](size_t c) { return std::tuple(present[c].size(), sizes[c]); };
  for (size_t c = 0; c < sizes.size(); ++c) {
    if (numbers.world < 0 || worth(c) > worth(static_cast<size_t>(numbers.world)))
      numbers.world = static_cast<int32_t>(c);
  }
  std::set<int32_t> taken;
  for (const DevicePlace& p : places) {
    int32_t& number = numbers.of_device[p.device];
    if (p.communicator == numbers.world && number == store::kNone && taken.insert(p.rank).second)
      number = p.rank;
  }
  numbers.certain = std::count(numbers.of_device.begin(), numbers.of_device.end(), store::kNone) == 0;
  numbers.world_size = numbers.world < 0 ? 0 : sizes[numbers.world];
  int32_t next = 0;
  for (int32_t& number : numbers.of_device) {
    if (number != store::kNone) continue;
    while (taken.contains(next)) ++next;
    number = next, taken.insert(next);
  }
  if (!taken.empty()) numbers.world_size = std::max(numbers.world_size, *taken.rbegin() + 1);
  return numbers;
}

}  // namespace rankle::import
