#include "analyzer/import/merged_order.h"

#include <algorithm>
#include <cstddef>

#include "absl/container/flat_hash_map.h"

namespace rankle::import {

std::vector<uint64_t> MergeOrders(std::vector<std::vector<uint64_t>> lists) {
  std::stable_sort(lists.begin(), lists.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  struct Node {
    uint64_t key = 0;
    size_t next = 0;  // 0 = the end
  };
  std::vector<Node> nodes(1);  // the first is no key: it leads to the first key
  absl::flat_hash_map<uint64_t, size_t> known;
  for (const std::vector<uint64_t>& list : lists) {
    size_t at = 0;
    for (const uint64_t key : list) {
      const auto [it, added] = known.try_emplace(key, nodes.size());
      if (added) {
        nodes.push_back({key, nodes[at].next});
        nodes[at].next = it->second;
      }
      at = it->second;
    }
  }
  std::vector<uint64_t> order;
  for (size_t at = nodes[0].next; at != 0; at = nodes[at].next) order.push_back(nodes[at].key);
  return order;
}

}  // namespace rankle::import
