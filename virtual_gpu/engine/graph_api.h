// Graphs as the application looks at them and changes them. Functions that list follow CUDA's rule: with a
// null array they give the number, else they fill at most *count entries.
#pragma once

#include <cuda_runtime_api.h>

#include "virtual_gpu/engine/engine.h"
#include "virtual_gpu/engine/graph.h"

namespace rankle::vgpu {

Error GraphClone(CUgraph_st** clone, CUgraph_st* graph);
Error GraphNodes(CUgraph_st* graph, cudaGraphNode_t* nodes, size_t* count, bool roots_only);
Error GraphEdges(CUgraph_st* graph, cudaGraphNode_t* from, cudaGraphNode_t* to, cudaGraphEdgeData* data,
                 size_t* count);
Error GraphAddEdges(CUgraph_st* graph, const cudaGraphNode_t* from, const cudaGraphNode_t* to, size_t count);
Error GraphRemoveEdges(CUgraph_st* graph, const cudaGraphNode_t* from, const cudaGraphNode_t* to,
                       size_t count);
Error GraphWriteDot(CUgraph_st* graph, const char* path);

Error NodeDependencies(cudaGraphNode_t node, cudaGraphNode_t* nodes, cudaGraphEdgeData* data, size_t* count);
Error NodeDependents(cudaGraphNode_t node, cudaGraphNode_t* nodes, cudaGraphEdgeData* data, size_t* count);
Error NodeDestroy(cudaGraphNode_t node);
Error NodeReplace(cudaGraphNode_t node, OperationPtr operation);

Error ExecReplace(CUgraphExec_st* exec, cudaGraphNode_t node, OperationPtr operation);
Error ExecUpdate(CUgraphExec_st* exec, CUgraph_st* graph, cudaGraphNode_t* bad);

}  // namespace rankle::vgpu
