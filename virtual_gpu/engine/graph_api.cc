#include "virtual_gpu/engine/graph_api.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace rankle::vgpu {
namespace {

using Edge = std::pair<std::shared_ptr<GraphNode>, std::shared_ptr<GraphNode>>;

cudaGraphNode_t Handle(const std::shared_ptr<GraphNode>& node) {
  return reinterpret_cast<cudaGraphNode_t>(node.get());
}

Error List(const NodeList& all, cudaGraphNode_t* nodes, size_t* count) {
  if (count == nullptr) return cudaErrorInvalidValue;
  if (nodes != nullptr) {
    for (size_t i = 0; i < *count; ++i) nodes[i] = i < all.size() ? Handle(all[i]) : nullptr;
  }
  *count = nodes == nullptr ? all.size() : std::min(*count, all.size());
  return cudaSuccess;
}

void ClearEdgeData(cudaGraphEdgeData* data, const size_t* count) {
  if (data != nullptr && count != nullptr) std::fill(data, data + *count, cudaGraphEdgeData());
}

std::vector<Edge> EdgesOf(const Graph& graph) {
  std::vector<Edge> edges;
  for (const auto& node : graph.nodes()) {
    for (const auto& dependency : node->dependencies) edges.push_back({dependency.lock(), node});
  }
  return edges;
}

template <typename Action>
Error ForEachEdge(CUgraph_st* handle, const cudaGraphNode_t* from, const cudaGraphNode_t* to, size_t count,
                  Action action) {
  const std::shared_ptr<Graph> graph = Engine::Get().graphs.Find(handle);
  NodeList sources, targets;
  if (graph == nullptr) return cudaErrorInvalidValue;
  if (const Error error = FindNodes(from, count, &sources)) return error;
  if (const Error error = FindNodes(to, count, &targets)) return error;
  for (size_t i = 0; i < count; ++i) {
    if (sources[i]->owner != graph.get() || targets[i]->owner != graph.get()) return cudaErrorInvalidValue;
  }
  for (size_t i = 0; i < count; ++i) {
    if (const Error error = action(sources[i], *targets[i])) return error;
  }
  return cudaSuccess;
}

auto FindDependency(GraphNode& node, const std::shared_ptr<GraphNode>& dependency) {
  return std::find_if(node.dependencies.begin(), node.dependencies.end(),
                      [&](const auto& known) { return known.lock() == dependency; });
}

}  // namespace

Error GraphClone(CUgraph_st** clone, CUgraph_st* handle) {
  const std::shared_ptr<Graph> graph = Engine::Get().graphs.Find(handle);
  if (clone == nullptr || graph == nullptr) return cudaErrorInvalidValue;
  *clone = static_cast<CUgraph_st*>(Engine::Get().graphs.Add(graph->Clone()));
  return cudaSuccess;
}

Error GraphNodes(CUgraph_st* handle, cudaGraphNode_t* nodes, size_t* count, bool roots_only) {
  const std::shared_ptr<Graph> graph = Engine::Get().graphs.Find(handle);
  if (graph == nullptr) return cudaErrorInvalidValue;
  NodeList wanted;
  for (const auto& node : graph->nodes()) {
    if (!roots_only || node->dependencies.empty()) wanted.push_back(node);
  }
  return List(wanted, nodes, count);
}

Error GraphEdges(CUgraph_st* handle, cudaGraphNode_t* from, cudaGraphNode_t* to, cudaGraphEdgeData* data,
                 size_t* count) {
  const std::shared_ptr<Graph> graph = Engine::Get().graphs.Find(handle);
  if (graph == nullptr || count == nullptr) return cudaErrorInvalidValue;
  NodeList sources, targets;
  for (const auto& [source, target] : EdgesOf(*graph)) {
    sources.push_back(source);
    targets.push_back(target);
  }
  ClearEdgeData(data, count);
  size_t other = *count;
  if (const Error error = List(sources, from, count)) return error;
  return List(targets, to, &other);
}

Error GraphAddEdges(CUgraph_st* graph, const cudaGraphNode_t* from, const cudaGraphNode_t* to, size_t count) {
  return ForEachEdge(graph, from, to, count, [](const auto& source, GraphNode& target) {
    if (FindDependency(target, source) != target.dependencies.end()) return cudaErrorInvalidValue;
    target.dependencies.push_back(source);
    return cudaSuccess;
  });
}

Error GraphRemoveEdges(CUgraph_st* graph, const cudaGraphNode_t* from, const cudaGraphNode_t* to,
                       size_t count) {
  return ForEachEdge(graph, from, to, count, [](const auto& source, GraphNode& target) {
    const auto found = FindDependency(target, source);
    if (found == target.dependencies.end()) return cudaErrorInvalidValue;
    target.dependencies.erase(found);
    return cudaSuccess;
  });
}

Error GraphWriteDot(CUgraph_st* handle, const char* path) {
  static constexpr const char* kKindNames[] = {"empty", "kernel",       "memcpy",     "memset",
                                               "host",  "event record", "event wait", "child graph"};
  const std::shared_ptr<Graph> graph = Engine::Get().graphs.Find(handle);
  if (graph == nullptr || path == nullptr) return cudaErrorInvalidValue;
  FILE* file = fopen(path, "w");
  if (file == nullptr) return cudaErrorOperatingSystem;
  fprintf(file, "digraph dot {\n");
  for (const auto& node : graph->nodes()) {
    fprintf(file, "  n%p [label=\"%s\"];\n", static_cast<void*>(node.get()),
            kKindNames[static_cast<int>(node->kind)]);
  }
  for (const auto& [source, target] : EdgesOf(*graph)) {
    fprintf(file, "  n%p -> n%p;\n", static_cast<void*>(source.get()), static_cast<void*>(target.get()));
  }
  fprintf(file, "}\n");
  return fclose(file) == 0 ? cudaSuccess : cudaErrorOperatingSystem;
}

Error NodeDependencies(cudaGraphNode_t handle, cudaGraphNode_t* nodes, cudaGraphEdgeData* data,
                       size_t* count) {
  const std::shared_ptr<GraphNode> node = FindNode(handle);
  if (node == nullptr) return cudaErrorInvalidValue;
  NodeList wanted;
  for (const auto& dependency : node->dependencies) wanted.push_back(dependency.lock());
  ClearEdgeData(data, count);
  return List(wanted, nodes, count);
}

Error NodeDependents(cudaGraphNode_t handle, cudaGraphNode_t* nodes, cudaGraphEdgeData* data, size_t* count) {
  const std::shared_ptr<GraphNode> node = FindNode(handle);
  if (node == nullptr) return cudaErrorInvalidValue;
  NodeList wanted;
  for (const auto& [source, target] : EdgesOf(*node->owner)) {
    if (source == node) wanted.push_back(target);
  }
  ClearEdgeData(data, count);
  return List(wanted, nodes, count);
}

Error NodeDestroy(cudaGraphNode_t handle) {
  const std::shared_ptr<GraphNode> node = FindNode(handle);
  if (node == nullptr) return cudaErrorInvalidValue;
  node->owner->Remove(node);
  return cudaSuccess;
}

Error NodeReplace(cudaGraphNode_t handle, OperationPtr operation) {
  const std::shared_ptr<GraphNode> node = FindNode(handle);
  if (node == nullptr || node->kind != operation->kind()) return cudaErrorInvalidValue;
  node->operation = std::move(operation);
  return cudaSuccess;
}

Error ExecReplace(CUgraphExec_st* exec_handle, cudaGraphNode_t node_handle, OperationPtr operation) {
  const std::shared_ptr<GraphExec> exec = Engine::Get().graph_execs.Find(exec_handle);
  const std::shared_ptr<GraphNode> node = FindNode(node_handle);
  if (exec == nullptr || node == nullptr || node->kind != operation->kind()) return cudaErrorInvalidValue;
  return exec->Replace(node.get(), std::move(operation)) ? cudaSuccess : cudaErrorInvalidValue;
}

Error ExecUpdate(CUgraphExec_st* exec_handle, CUgraph_st* graph_handle, cudaGraphNode_t* bad) {
  const std::shared_ptr<GraphExec> exec = Engine::Get().graph_execs.Find(exec_handle);
  const std::shared_ptr<Graph> graph = Engine::Get().graphs.Find(graph_handle);
  if (exec == nullptr || graph == nullptr) return cudaErrorInvalidValue;
  std::shared_ptr<GraphNode> different;
  const bool same = exec->Update(*graph, &different);
  *bad = Handle(different);
  return same ? cudaSuccess : cudaErrorGraphExecUpdateFailure;
}

}  // namespace rankle::vgpu
