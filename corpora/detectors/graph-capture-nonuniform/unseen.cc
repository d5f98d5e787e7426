// Written after the check: other shapes of the same truth.
#include "check.h"

struct Graph {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
};

// case: leader_in_a_variable
void CaptureOnLeader(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream, Graph* graph) {
  const bool leader = rank == 0;
  if (leader) {
    CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));  // warns: nccl-graph-capture-nonuniform
  }
  NCCL_CHECK(ncclReduce(data, data, n, ncclFloat, ncclSum, 0, comm, stream));
  if (leader) {
    CUDA_CHECK(cudaStreamEndCapture(stream, &graph->graph));
    CUDA_CHECK(cudaGraphInstantiate(&graph->executable, graph->graph, 0));
  }
}

// case: first_step_captures_on_all
void StepOnce(bool first, float* data, size_t n, ncclComm_t comm, cudaStream_t stream, Graph* graph) {
  if (first) {
    CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
    CUDA_CHECK(cudaStreamEndCapture(stream, &graph->graph));
    CUDA_CHECK(cudaGraphInstantiate(&graph->executable, graph->graph, 0));
  }
  CUDA_CHECK(cudaGraphLaunch(graph->executable, stream));
}

// case: one_device_of_many
void CaptureOne(float* data, size_t n, int device, ncclComm_t* comms, cudaStream_t* streams, cudaGraph_t* graph) {
  CUDA_CHECK(cudaSetDevice(device));
  CUDA_CHECK(cudaStreamBeginCapture(streams[device], cudaStreamCaptureModeThreadLocal));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comms[device], streams[device]));
  CUDA_CHECK(cudaStreamEndCapture(streams[device], graph));
}
