#include "virtual_gpu/engine/graph.h"

#include <algorithm>

#include "virtual_gpu/engine/capture.h"
#include "virtual_gpu/engine/engine.h"
#include "virtual_gpu/engine/event.h"

namespace rankle::vgpu {
namespace {

// All live nodes by address. Weak: graphs own their nodes.
class NodeRegistry {
 public:
  static NodeRegistry& Get() {
    static NodeRegistry* registry = new NodeRegistry;
    return *registry;
  }
  void Add(const std::shared_ptr<GraphNode>& node) {
    std::unique_lock lock(mutex_);
    nodes_[node.get()] = node;
  }
  void Remove(const GraphNode* node) {
    std::unique_lock lock(mutex_);
    nodes_.erase(node);
  }
  std::shared_ptr<GraphNode> Find(const void* handle) {
    std::unique_lock lock(mutex_);
    auto found = nodes_.find(handle);
    return found == nodes_.end() ? nullptr : found->second.lock();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<const void*, std::weak_ptr<GraphNode>> nodes_;
};

bool DependsOn(const GraphNode& node, const GraphNode* other) {
  return std::any_of(node.dependencies.begin(), node.dependencies.end(),
                     [&](const auto& dependency) { return dependency.lock().get() == other; });
}

}  // namespace

std::shared_ptr<GraphNode> FindNode(const void* handle) { return NodeRegistry::Get().Find(handle); }

Error FindNodes(const cudaGraphNode_t* handles, size_t count, NodeList* nodes) {
  if (handles == nullptr && count > 0) return cudaErrorInvalidValue;
  for (size_t i = 0; i < count; ++i) {
    std::shared_ptr<GraphNode> node = FindNode(handles[i]);
    if (node == nullptr) return cudaErrorInvalidValue;
    nodes->push_back(std::move(node));
  }
  return cudaSuccess;
}

std::shared_ptr<GraphNode> Graph::Add(GraphNode node, const NodeList& dependencies) {
  std::shared_ptr<GraphNode> added(new GraphNode(std::move(node)), [](GraphNode* dead) {
    NodeRegistry::Get().Remove(dead);
    delete dead;
  });
  added->owner = this;
  for (const auto& dependency : dependencies) added->dependencies.push_back(dependency);
  NodeRegistry::Get().Add(added);
  nodes_.push_back(added);
  return added;
}

void Graph::Remove(const std::shared_ptr<GraphNode>& node) {
  for (const auto& other : nodes_) {
    auto& dependencies = other->dependencies;
    dependencies.erase(std::remove_if(dependencies.begin(), dependencies.end(),
                                      [&](const auto& dependency) { return dependency.lock() == node; }),
                       dependencies.end());
  }
  nodes_.erase(std::remove(nodes_.begin(), nodes_.end(), node), nodes_.end());
}

NodeList Graph::InOrder(bool* cycle) const {
  NodeList ordered;
  std::unordered_map<const GraphNode*, bool> placed;
  // Nodes are usually added after their dependencies, so one pass is the rule.
  for (bool progress = true; progress && ordered.size() < nodes_.size();) {
    progress = false;
    for (const auto& node : nodes_) {
      if (placed[node.get()]) continue;
      const bool ready = std::all_of(node->dependencies.begin(), node->dependencies.end(),
                                     [&](const auto& dependency) { return placed[dependency.lock().get()]; });
      if (!ready) continue;
      placed[node.get()] = progress = true;
      ordered.push_back(node);
    }
  }
  *cycle = ordered.size() < nodes_.size();
  if (*cycle) ordered.clear();
  return ordered;
}

std::shared_ptr<Graph> Graph::Clone() const {
  auto clone = std::make_shared<Graph>();
  std::unordered_map<const GraphNode*, std::shared_ptr<GraphNode>> copies;
  for (const auto& node : nodes_) {
    GraphNode copy = *node;
    copy.dependencies.clear();
    if (copy.child != nullptr) copy.child = copy.child->Clone();
    copies[node.get()] = clone->Add(std::move(copy), {});
  }
  for (const auto& node : nodes_) {
    for (const auto& dependency : node->dependencies) {
      copies[node.get()]->dependencies.push_back(copies[dependency.lock().get()]);
    }
  }
  return clone;
}

std::shared_ptr<GraphExec> GraphExec::Instantiate(const Graph& graph, Device& device) {
  std::shared_ptr<GraphExec> exec(new GraphExec(device));
  std::vector<size_t> leaves;
  if (!exec->Flatten(graph, {}, &leaves)) return nullptr;
  exec->AssignLanes();
  return exec;
}

GraphExec::~GraphExec() {
  for (const auto& lane : lanes_) {
    if (lane != nullptr) device_.RetireStream(lane);
  }
}

// Child graphs dissolve into their nodes; a last empty step stands for the child as a whole.
bool GraphExec::Flatten(const Graph& graph, const std::vector<size_t>& entry, std::vector<size_t>* leaves) {
  bool cycle = false;
  const NodeList ordered = graph.InOrder(&cycle);
  if (cycle) return false;
  std::unordered_map<const GraphNode*, size_t> step_of;
  for (const auto& node : ordered) {
    Step step{node->kind, node->operation, node->event, {}, 0, node.get()};
    for (const auto& dependency : node->dependencies)
      step.dependencies.push_back(step_of[dependency.lock().get()]);
    if (step.dependencies.empty()) step.dependencies = entry;
    if (node->child != nullptr) {
      std::vector<size_t> child_leaves;
      if (!Flatten(*node->child, step.dependencies, &child_leaves)) return false;
      if (!child_leaves.empty()) step.dependencies = child_leaves;
    }
    step_of[node.get()] = steps_.size();
    steps_.push_back(std::move(step));
  }
  for (const auto& node : ordered) {
    const bool leaf = std::none_of(ordered.begin(), ordered.end(),
                                   [&](const auto& other) { return DependsOn(*other, node.get()); });
    if (leaf) leaves->push_back(step_of[node.get()]);
  }
  return true;
}

// A step follows its first dependency's lane when it is that lane's next step; otherwise it opens a new lane.
void GraphExec::AssignLanes() {
  std::vector<size_t> tail_of_lane;  // last step of each lane
  for (size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    size_t lane = tail_of_lane.size();
    for (size_t dependency : step.dependencies) {
      if (tail_of_lane[steps_[dependency].lane] != dependency) continue;
      lane = steps_[dependency].lane;
      break;
    }
    if (lane == tail_of_lane.size()) tail_of_lane.push_back(i);
    tail_of_lane[lane] = i;
    step.lane = lane;
  }
  lanes_.resize(std::max<size_t>(tail_of_lane.size(), 1));
  for (size_t lane = 1; lane < lanes_.size(); ++lane) {
    lanes_[lane] = device_.CreateStream(StreamKind::kGraphLane, 0);
  }
}

Error GraphExec::Launch(const std::shared_ptr<Stream>& stream) {
  std::unique_lock lock(mutex_);
  std::vector<Dependency> entry_dependencies;
  if (previous_launch_.stream != nullptr && previous_launch_.stream != stream &&
      !previous_launch_.stream->Done(previous_launch_.ticket)) {
    entry_dependencies.push_back(previous_launch_);
  }
  const uint64_t entry = stream->Enqueue(std::make_shared<Marker>(), std::move(entry_dependencies));
  std::vector<uint64_t> tickets(steps_.size());
  std::vector<uint64_t> tails(lanes_.size());
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const auto stream_of = [&](size_t lane) { return lane == 0 ? stream : lanes_[lane]; };
    std::vector<Dependency> dependencies;
    if (step.lane != 0 && tails[step.lane] == 0) dependencies.push_back({stream, entry});
    for (size_t d : step.dependencies) {
      if (steps_[d].lane != step.lane) dependencies.push_back({stream_of(steps_[d].lane), tickets[d]});
    }
    const std::shared_ptr<Stream> target = stream_of(step.lane);
    OperationPtr operation = step.operation != nullptr ? step.operation : std::make_shared<Marker>();
    tickets[i] = target->Enqueue(std::move(operation), std::move(dependencies));
    if (step.kind == NodeKind::kEventRecord) step.event->RecordOn(target);
    if (step.kind == NodeKind::kEventWait) step.event->DelayStream(target);
    tails[step.lane] = tickets[i] = target->last_ticket();
  }
  std::vector<Dependency> joins;
  for (size_t lane = 1; lane < lanes_.size(); ++lane) joins.push_back({lanes_[lane], tails[lane]});
  previous_launch_ = {stream, stream->Enqueue(std::make_shared<Marker>(), std::move(joins))};
  return cudaSuccess;
}

bool GraphExec::Update(const Graph& graph, std::shared_ptr<GraphNode>* bad) {
  std::shared_ptr<GraphExec> fresh = Instantiate(graph, device_);
  std::unique_lock lock(mutex_);
  if (fresh == nullptr || fresh->steps_.size() != steps_.size()) return false;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& mine = steps_[i];
    const Step& other = fresh->steps_[i];
    if (mine.kind == other.kind && mine.dependencies == other.dependencies) continue;
    *bad = FindNode(other.origin);
    return false;
  }
  for (size_t i = 0; i < steps_.size(); ++i) {
    steps_[i].operation = fresh->steps_[i].operation;
    steps_[i].event = fresh->steps_[i].event;
  }
  return true;
}

bool GraphExec::Replace(const GraphNode* node, OperationPtr operation) {
  std::unique_lock lock(mutex_);
  for (Step& step : steps_) {
    if (step.origin != node) continue;
    step.operation = std::move(operation);
    return true;
  }
  return false;
}

Error GraphCreate(CUgraph_st** graph) {
  if (graph == nullptr) return cudaErrorInvalidValue;
  *graph = static_cast<CUgraph_st*>(Engine::Get().graphs.Add(std::make_shared<Graph>()));
  return cudaSuccess;
}

Error GraphDestroy(CUgraph_st* graph) {
  return Engine::Get().graphs.Take(graph) == nullptr ? cudaErrorInvalidValue : cudaSuccess;
}

Error GraphAddOperation(CUgraph_st* handle, const cudaGraphNode_t* dependencies, size_t count, GraphNode node,
                        CUgraphNode_st** out) {
  const std::shared_ptr<Graph> graph = Engine::Get().graphs.Find(handle);
  NodeList parents;
  if (graph == nullptr || out == nullptr) return cudaErrorInvalidValue;
  if (const Error error = FindNodes(dependencies, count, &parents)) return error;
  for (const auto& parent : parents) {
    if (parent->owner != graph.get()) return cudaErrorInvalidValue;
  }
  *out = reinterpret_cast<CUgraphNode_st*>(graph->Add(std::move(node), parents).get());
  return cudaSuccess;
}

Error GraphInstantiate(CUgraphExec_st** exec, CUgraph_st* handle) {
  const std::shared_ptr<Graph> graph = Engine::Get().graphs.Find(handle);
  Device* device;
  if (exec == nullptr || graph == nullptr) return cudaErrorInvalidValue;
  if (const Error error = HealthyDevice(&device)) return error;
  std::shared_ptr<GraphExec> made = GraphExec::Instantiate(*graph, *device);
  if (made == nullptr) return cudaErrorInvalidValue;
  *exec = static_cast<CUgraphExec_st*>(Engine::Get().graph_execs.Add(std::move(made)));
  return cudaSuccess;
}

Error GraphLaunch(CUgraphExec_st* handle, CUstream_st* stream_handle) {
  const std::shared_ptr<GraphExec> exec = Engine::Get().graph_execs.Find(handle);
  std::shared_ptr<Stream> stream;
  if (exec == nullptr) return cudaErrorInvalidValue;
  if (const Error error = FindStream(stream_handle, &stream)) return error;
  if (stream->capturing) return cudaErrorStreamCaptureUnsupported;
  if (stream->kind() == StreamKind::kLegacy) {
    if (const Error error = RefuseWhileAnyCaptures(stream->device(), cudaErrorStreamCaptureImplicit))
      return error;
  }
  return exec->Launch(stream);
}

Error GraphExecDestroy(CUgraphExec_st* exec) {
  return Engine::Get().graph_execs.Take(exec) == nullptr ? cudaErrorInvalidValue : cudaSuccess;
}

}  // namespace rankle::vgpu
