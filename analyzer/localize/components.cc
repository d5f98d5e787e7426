#include "analyzer/localize/components.h"

#include <algorithm>

namespace rankle::localize {

// Tarjan's algorithm with an explicit stack.
std::vector<int32_t> StronglyConnectedComponents(const Graph& graph) {
  const auto n = static_cast<int32_t>(graph.size());
  std::vector<int32_t> component(n, -1), index(n, -1), low(n, 0), open;
  std::vector<std::pair<int32_t, size_t>> path;  // node, next successor
  int32_t next_index = 0, next_component = 0;
  for (int32_t root = 0; root < n; ++root) {
    if (index[root] != -1) continue;
    path.emplace_back(root, 0);
    while (!path.empty()) {
      auto& [node, successor] = path.back();
      if (successor == 0 && index[node] == -1) {
        index[node] = low[node] = next_index++;
        open.push_back(node);
      }
      if (successor < graph[node].size()) {
        const int32_t to = graph[node][successor++];
        if (index[to] == -1) {
          path.emplace_back(to, 0);
        } else if (component[to] == -1) {
          low[node] = std::min(low[node], index[to]);
        }
        continue;
      }
      const int32_t done = node;
      path.pop_back();
      if (!path.empty()) low[path.back().first] = std::min(low[path.back().first], low[done]);
      if (low[done] != index[done]) continue;
      int32_t member;
      do {
        member = open.back();
        open.pop_back();
        component[member] = next_component;
      } while (member != done);
      ++next_component;
    }
  }
  return component;
}

}  // namespace rankle::localize
