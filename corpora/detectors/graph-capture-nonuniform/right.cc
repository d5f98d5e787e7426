// Captures that are the same everywhere, or have no communication in them.
#include "check.h"

__attribute__((unused)) static void Kernel() {
}

// case: compute_only
void CaptureCompute(int rank, cudaStream_t stream, cudaGraph_t* graph) {
  if (rank == 0) {
    CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    CUDA_CHECK(cudaLaunchKernel(reinterpret_cast<const void*>(&Kernel), dim3(1), dim3(32), nullptr, 0, stream));
    CUDA_CHECK(cudaStreamEndCapture(stream, graph));
  }
}

// case: option_of_the_job
void CaptureIfAsked(bool use_graphs, float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaGraph_t* graph) {
  if (use_graphs) CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  if (use_graphs) CUDA_CHECK(cudaStreamEndCapture(stream, graph));
}

// case: log_on_the_leader
void CaptureAndLog(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaGraph_t* graph) {
  CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  if (rank == 0) std::printf("capturing\n");
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamEndCapture(stream, graph));
}

// case: launched_by_all
void Launch(int steps, cudaGraphExec_t executable, cudaStream_t stream) {
  for (int step = 0; step < steps; step++) CUDA_CHECK(cudaGraphLaunch(executable, stream));
}

// case: several_graphs_of_one_stream
void CaptureBuckets(float** data, size_t n, int buckets, ncclComm_t comm, cudaStream_t stream, cudaGraph_t* graphs) {
  for (int i = 0; i < buckets; i++) {
    CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
    CUDA_CHECK(cudaStreamEndCapture(stream, &graphs[i]));
  }
}

// case: compute_graph_launched_by_the_leader
void LaunchCompute(int rank, cudaStream_t stream) {
  cudaGraph_t graph;
  cudaGraphExec_t executable;
  CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  CUDA_CHECK(cudaLaunchKernel(reinterpret_cast<const void*>(&Kernel), dim3(1), dim3(32), nullptr, 0, stream));
  CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  CUDA_CHECK(cudaGraphInstantiate(&executable, graph, 0));
  if (rank == 0) CUDA_CHECK(cudaGraphLaunch(executable, stream));
}
