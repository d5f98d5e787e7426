// Strongly connected components of a directed graph in linear time and without recursion (graphs here have
// tens of thousands of nodes in one chain).
#pragma once

#include <cstdint>
#include <vector>

namespace rankle::localize {

using Graph = std::vector<std::vector<int32_t>>;  // successors of each node

// Component number of each node; components are numbered in reverse topological order (successors first).
std::vector<int32_t> StronglyConnectedComponents(const Graph& graph);

}  // namespace rankle::localize
