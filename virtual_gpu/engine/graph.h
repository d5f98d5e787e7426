// Graphs: device work with its order, kept to be run many times.
// A GraphExec runs independent branches on internal streams (lanes), so that branches that wait for each
// other or for other processes cannot block one another. Launches of one GraphExec run one after the other,
// as in CUDA.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "virtual_gpu/engine/error.h"
#include "virtual_gpu/engine/operation.h"
#include "virtual_gpu/engine/stream.h"

namespace rankle::vgpu {

class Event;
class Graph;

struct GraphNode {
  NodeKind kind = NodeKind::kEmpty;
  OperationPtr operation;        // null for event and child-graph nodes
  std::shared_ptr<Event> event;  // kEventRecord, kEventWait
  std::shared_ptr<Graph> child;  // kChildGraph
  std::vector<std::weak_ptr<GraphNode>> dependencies;
  Graph* owner = nullptr;
};

using NodeList = std::vector<std::shared_ptr<GraphNode>>;

class Graph {
 public:
  std::shared_ptr<GraphNode> Add(GraphNode node, const NodeList& dependencies);
  void Remove(const std::shared_ptr<GraphNode>& node);
  const NodeList& nodes() const { return nodes_; }
  std::shared_ptr<Graph> Clone() const;

  // The nodes, each after its dependencies; empty with `*cycle` set when there is no such order.
  NodeList InOrder(bool* cycle) const;

 private:
  NodeList nodes_;
};

class GraphExec {
 public:
  // Null when the graph has a cycle.
  static std::shared_ptr<GraphExec> Instantiate(const Graph& graph, Device& device);
  ~GraphExec();

  Error Launch(const std::shared_ptr<Stream>& stream);
  // Takes the operations of a graph of the same shape; false and `*bad` when it differs.
  bool Update(const Graph& graph, std::shared_ptr<GraphNode>* bad);
  // Replaces the operation made from `node`; false when the node is not part of it.
  bool Replace(const GraphNode* node, OperationPtr operation);

 private:
  struct Step {
    NodeKind kind = NodeKind::kEmpty;
    OperationPtr operation;
    std::shared_ptr<Event> event;
    std::vector<size_t> dependencies;  // indices of earlier steps
    size_t lane = 0;
    const GraphNode* origin = nullptr;
  };

  explicit GraphExec(Device& device) : device_(device) {}
  bool Flatten(const Graph& graph, const std::vector<size_t>& entry, std::vector<size_t>* leaves);
  void AssignLanes();

  Device& device_;
  std::mutex mutex_;
  std::vector<Step> steps_;
  std::vector<std::shared_ptr<Stream>> lanes_;  // lane 0 is the launch stream and null here
  Dependency previous_launch_;                  // guarded by mutex_
};

// Live node handles.
std::shared_ptr<GraphNode> FindNode(const void* handle);
Error FindNodes(const cudaGraphNode_t* handles, size_t count, NodeList* nodes);

Error GraphCreate(CUgraph_st** graph);
Error GraphDestroy(CUgraph_st* graph);
Error GraphAddOperation(CUgraph_st* graph, const cudaGraphNode_t* dependencies, size_t count, GraphNode node,
                        CUgraphNode_st** out);
Error GraphInstantiate(CUgraphExec_st** exec, CUgraph_st* graph);
Error GraphLaunch(CUgraphExec_st* exec, CUstream_st* stream);
Error GraphExecDestroy(CUgraphExec_st* exec);

}  // namespace rankle::vgpu
