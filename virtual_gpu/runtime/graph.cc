// Graphs of the runtime API.
#include <algorithm>

#include "virtual_gpu/engine/capture.h"
#include "virtual_gpu/engine/copy.h"
#include "virtual_gpu/engine/event.h"
#include "virtual_gpu/engine/graph_api.h"
#include "virtual_gpu/engine/kernel.h"
#include "virtual_gpu/runtime/call.h"
#include "virtual_gpu/runtime/versioned.h"

using namespace rankle::vgpu;
using runtime::Call;
using runtime::DeviceCall;

namespace {

cudaGraphNodeType TypeOf(NodeKind kind) {
  switch (kind) {
    case NodeKind::kKernel:
      return cudaGraphNodeTypeKernel;
    case NodeKind::kMemcpy:
      return cudaGraphNodeTypeMemcpy;
    case NodeKind::kMemset:
      return cudaGraphNodeTypeMemset;
    case NodeKind::kHost:
      return cudaGraphNodeTypeHost;
    case NodeKind::kEventRecord:
      return cudaGraphNodeTypeEventRecord;
    case NodeKind::kEventWait:
      return cudaGraphNodeTypeWaitEvent;
    case NodeKind::kChildGraph:
      return cudaGraphNodeTypeGraph;
    case NodeKind::kEmpty:
      break;
  }
  return cudaGraphNodeTypeEmpty;
}

Error KernelNode(const cudaKernelNodeParams* p, OperationPtr* operation) {
  if (p == nullptr) return cudaErrorInvalidValue;
  return MakeLaunch(FindKernel(p->func), {p->gridDim, p->blockDim, p->sharedMemBytes}, operation);
}

Error HostNode(const cudaHostNodeParams* p, OperationPtr* operation) {
  if (p == nullptr || p->fn == nullptr) return cudaErrorInvalidValue;
  *operation = MakeHostFunction(p->fn, p->userData);
  return cudaSuccess;
}

Error MemsetNode(const cudaMemsetParams* p, OperationPtr* operation) {
  if (p == nullptr) return cudaErrorInvalidValue;
  FillBox box;
  box.dst = p->dst;
  box.value = p->value;
  box.element_bytes = p->elementSize;
  box.width = p->width;
  box.height = p->height;
  box.pitch = p->pitch;
  return MakeFill(box, operation);
}

// Adds the node that `make` gives, an operation made from the caller's parameters.
template <typename Make>
cudaError_t AddNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* dependencies,
                    size_t count, Make make) {
  return DeviceCall([&](Device&) -> Error {
    GraphNode node;
    if (const Error error = make(&node.operation)) return error;
    node.kind = node.operation->kind();
    return GraphAddOperation(graph, dependencies, count, std::move(node), out);
  });
}

// Gives a node of the graph, or of the instantiated graph when `exec` is not null, a new operation.
template <typename Make>
cudaError_t SetNode(cudaGraphExec_t exec, cudaGraphNode_t node, Make make) {
  return DeviceCall([&](Device&) -> Error {
    OperationPtr operation;
    if (const Error error = make(&operation)) return error;
    return exec == nullptr ? NodeReplace(node, operation) : ExecReplace(exec, node, operation);
  });
}

cudaError_t AddEventNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* dependencies,
                         size_t count, cudaEvent_t event, NodeKind kind) {
  return Call([&]() -> Error {
    GraphNode node;
    node.kind = kind;
    node.event = Engine::Get().events.Find(event);
    if (node.event == nullptr) return cudaErrorInvalidResourceHandle;
    return GraphAddOperation(graph, dependencies, count, std::move(node), out);
  });
}

}  // namespace

cudaError_t cudaGraphCreate(cudaGraph_t* graph, unsigned flags) {
  return Call([&] { return flags != 0 ? cudaErrorInvalidValue : GraphCreate(graph); });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return Call([&] { return GraphDestroy(graph); });
}

cudaError_t cudaGraphClone(cudaGraph_t* clone, cudaGraph_t graph) {
  return Call([&] { return GraphClone(clone, graph); });
}

cudaError_t cudaGraphAddEmptyNode(cudaGraphNode_t* out, cudaGraph_t graph,
                                  const cudaGraphNode_t* dependencies, size_t count) {
  return AddNode(out, graph, dependencies, count, [](OperationPtr* operation) {
    *operation = std::make_shared<Marker>();
    return cudaSuccess;
  });
}

cudaError_t cudaGraphAddKernelNode(cudaGraphNode_t* out, cudaGraph_t graph,
                                   const cudaGraphNode_t* dependencies, size_t count,
                                   const cudaKernelNodeParams* parameters) {
  return AddNode(out, graph, dependencies, count, [&](OperationPtr* o) { return KernelNode(parameters, o); });
}

cudaError_t cudaGraphAddHostNode(cudaGraphNode_t* out, cudaGraph_t graph, const cudaGraphNode_t* dependencies,
                                 size_t count, const cudaHostNodeParams* parameters) {
  return AddNode(out, graph, dependencies, count, [&](OperationPtr* o) { return HostNode(parameters, o); });
}

cudaError_t cudaGraphAddMemsetNode(cudaGraphNode_t* out, cudaGraph_t graph,
                                   const cudaGraphNode_t* dependencies, size_t count,
                                   const cudaMemsetParams* parameters) {
  return AddNode(out, graph, dependencies, count, [&](OperationPtr* o) { return MemsetNode(parameters, o); });
}

cudaError_t cudaGraphAddMemcpyNode1D(cudaGraphNode_t* out, cudaGraph_t graph,
                                     const cudaGraphNode_t* dependencies, size_t count, void* dst,
                                     const void* src, size_t bytes, cudaMemcpyKind kind) {
  return AddNode(out, graph, dependencies, count,
                 [&](OperationPtr* o) { return MakeCopy(LinearCopy(dst, src, bytes), kind, o); });
}

cudaError_t cudaGraphAddEventRecordNode(cudaGraphNode_t* out, cudaGraph_t graph,
                                        const cudaGraphNode_t* dependencies, size_t count,
                                        cudaEvent_t event) {
  return AddEventNode(out, graph, dependencies, count, event, NodeKind::kEventRecord);
}

cudaError_t cudaGraphAddEventWaitNode(cudaGraphNode_t* out, cudaGraph_t graph,
                                      const cudaGraphNode_t* dependencies, size_t count, cudaEvent_t event) {
  return AddEventNode(out, graph, dependencies, count, event, NodeKind::kEventWait);
}

cudaError_t cudaGraphAddChildGraphNode(cudaGraphNode_t* out, cudaGraph_t graph,
                                       const cudaGraphNode_t* dependencies, size_t count, cudaGraph_t child) {
  return Call([&]() -> Error {
    const std::shared_ptr<Graph> found = Engine::Get().graphs.Find(child);
    if (found == nullptr) return cudaErrorInvalidValue;
    GraphNode node;
    node.kind = NodeKind::kChildGraph;
    node.child = found->Clone();
    return GraphAddOperation(graph, dependencies, count, std::move(node), out);
  });
}

cudaError_t cudaGraphKernelNodeGetParams(cudaGraphNode_t handle, cudaKernelNodeParams* parameters) {
  return Call([&]() -> Error {
    const std::shared_ptr<GraphNode> node = FindNode(handle);
    LaunchShape shape;
    if (node == nullptr || parameters == nullptr || node->operation == nullptr) return cudaErrorInvalidValue;
    const Kernel* kernel = LaunchedKernel(*node->operation, &shape);
    if (kernel == nullptr) return cudaErrorInvalidValue;
    *parameters = cudaKernelNodeParams();
    parameters->func = const_cast<Kernel*>(kernel);
    parameters->gridDim = shape.grid;
    parameters->blockDim = shape.block;
    parameters->sharedMemBytes = static_cast<unsigned>(shape.shared_bytes);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphKernelNodeSetParams(cudaGraphNode_t node, const cudaKernelNodeParams* parameters) {
  return SetNode(nullptr, node, [&](OperationPtr* o) { return KernelNode(parameters, o); });
}

cudaError_t cudaGraphHostNodeSetParams(cudaGraphNode_t node, const cudaHostNodeParams* parameters) {
  return SetNode(nullptr, node, [&](OperationPtr* o) { return HostNode(parameters, o); });
}

cudaError_t cudaGraphMemsetNodeSetParams(cudaGraphNode_t node, const cudaMemsetParams* parameters) {
  return SetNode(nullptr, node, [&](OperationPtr* o) { return MemsetNode(parameters, o); });
}

cudaError_t cudaGraphMemcpyNodeSetParams1D(cudaGraphNode_t node, void* dst, const void* src, size_t bytes,
                                           cudaMemcpyKind kind) {
  return SetNode(nullptr, node,
                 [&](OperationPtr* o) { return MakeCopy(LinearCopy(dst, src, bytes), kind, o); });
}

cudaError_t cudaGraphExecKernelNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                             const cudaKernelNodeParams* parameters) {
  return SetNode(exec, node, [&](OperationPtr* o) { return KernelNode(parameters, o); });
}

cudaError_t cudaGraphExecHostNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                           const cudaHostNodeParams* parameters) {
  return SetNode(exec, node, [&](OperationPtr* o) { return HostNode(parameters, o); });
}

cudaError_t cudaGraphExecMemsetNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                             const cudaMemsetParams* parameters) {
  return SetNode(exec, node, [&](OperationPtr* o) { return MemsetNode(parameters, o); });
}

cudaError_t cudaGraphExecMemcpyNodeSetParams1D(cudaGraphExec_t exec, cudaGraphNode_t node, void* dst,
                                               const void* src, size_t bytes, cudaMemcpyKind kind) {
  return SetNode(exec, node, [&](OperationPtr* o) { return MakeCopy(LinearCopy(dst, src, bytes), kind, o); });
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t handle, cudaGraphNodeType* type) {
  return Call([&]() -> Error {
    const std::shared_ptr<GraphNode> node = FindNode(handle);
    if (node == nullptr || type == nullptr) return cudaErrorInvalidValue;
    *type = TypeOf(node->kind);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  return Call([&] { return GraphNodes(graph, nodes, count, /*roots_only=*/false); });
}

cudaError_t cudaGraphGetRootNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  return Call([&] { return GraphNodes(graph, nodes, count, /*roots_only=*/true); });
}

cudaError_t cudaGraphDestroyNode(cudaGraphNode_t node) {
  return Call([&] { return NodeDestroy(node); });
}

extern "C" cudaError_t RANKLE_V2(cudaGraphGetEdges)(cudaGraph_t graph, cudaGraphNode_t* from,
                                                    cudaGraphNode_t* to, cudaGraphEdgeData* data,
                                                    size_t* count) {
  return Call([&] { return GraphEdges(graph, from, to, data, count); });
}

extern "C" cudaError_t RANKLE_V2(cudaGraphNodeGetDependencies)(cudaGraphNode_t node,
                                                               cudaGraphNode_t* dependencies,
                                                               cudaGraphEdgeData* data, size_t* count) {
  return Call([&] { return NodeDependencies(node, dependencies, data, count); });
}

extern "C" cudaError_t RANKLE_V2(cudaGraphNodeGetDependentNodes)(cudaGraphNode_t node,
                                                                 cudaGraphNode_t* dependents,
                                                                 cudaGraphEdgeData* data, size_t* count) {
  return Call([&] { return NodeDependents(node, dependents, data, count); });
}

extern "C" cudaError_t RANKLE_V2(cudaGraphAddDependencies)(cudaGraph_t graph, const cudaGraphNode_t* from,
                                                           const cudaGraphNode_t* to,
                                                           const cudaGraphEdgeData*, size_t count) {
  return Call([&] { return GraphAddEdges(graph, from, to, count); });
}

extern "C" cudaError_t RANKLE_V2(cudaGraphRemoveDependencies)(cudaGraph_t graph, const cudaGraphNode_t* from,
                                                              const cudaGraphNode_t* to,
                                                              const cudaGraphEdgeData*, size_t count) {
  return Call([&] { return GraphRemoveEdges(graph, from, to, count); });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  return Call([&] { return GraphInstantiate(exec, graph); });
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  return Call([&] { return GraphInstantiate(exec, graph); });
}

cudaError_t cudaGraphInstantiateWithParams(cudaGraphExec_t* exec, cudaGraph_t graph,
                                           cudaGraphInstantiateParams* parameters) {
  return Call([&]() -> Error {
    const Error error = GraphInstantiate(exec, graph);
    if (parameters != nullptr) {
      parameters->result_out = error == cudaSuccess ? cudaGraphInstantiateSuccess : cudaGraphInstantiateError;
    }
    return error;
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  return Call([&] { return GraphExecDestroy(exec); });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  return Call([&] { return GraphLaunch(exec, stream); });
}

// Nothing is left to upload.
cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t) {
  return Call(
      [&] { return Engine::Get().graph_execs.Find(exec) == nullptr ? cudaErrorInvalidValue : cudaSuccess; });
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph,
                                cudaGraphExecUpdateResultInfo* info) {
  return Call([&]() -> Error {
    cudaGraphNode_t bad = nullptr;
    const Error error = ExecUpdate(exec, graph, &bad);
    if (info != nullptr) {
      *info = cudaGraphExecUpdateResultInfo();
      info->result =
          error == cudaSuccess ? cudaGraphExecUpdateSuccess : cudaGraphExecUpdateErrorTopologyChanged;
      info->errorNode = bad;
    }
    return error;
  });
}

cudaError_t cudaGraphDebugDotPrint(cudaGraph_t graph, const char* path, unsigned) {
  return Call([&] { return GraphWriteDot(graph, path); });
}

extern "C" cudaError_t RANKLE_V3(cudaStreamGetCaptureInfo)(cudaStream_t stream,
                                                           cudaStreamCaptureStatus* status,
                                                           unsigned long long* id, cudaGraph_t* graph,
                                                           const cudaGraphNode_t** dependencies,
                                                           const cudaGraphEdgeData** edges, size_t* count) {
  return Call([&]() -> Error {
    CaptureInfo info;
    if (status == nullptr) return cudaErrorInvalidValue;
    if (const Error error = GetCaptureInfo(stream, &info)) return error;
    *status = info.status;
    if (id != nullptr) *id = info.id;
    if (graph != nullptr) *graph = info.graph;
    if (dependencies != nullptr) *dependencies = info.dependencies;
    if (edges != nullptr) *edges = nullptr;
    if (count != nullptr) *count = info.dependency_count;
    return cudaSuccess;
  });
}

extern "C" cudaError_t RANKLE_V2(cudaStreamUpdateCaptureDependencies)(cudaStream_t stream,
                                                                      cudaGraphNode_t* nodes,
                                                                      const cudaGraphEdgeData*, size_t count,
                                                                      unsigned flags) {
  return Call([&] {
    return UpdateCaptureDependencies(stream, nodes, count, flags == cudaStreamSetCaptureDependencies);
  });
}
