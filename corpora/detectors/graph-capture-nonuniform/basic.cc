// Whether an operation is captured is a property of all its ranks.
#include "check.h"

// case: only_rank_zero_captures
void Step(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaGraph_t* graph) {
  if (rank == 0) CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));  // warns: nccl-graph-capture-nonuniform
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  if (rank == 0) CUDA_CHECK(cudaStreamEndCapture(stream, graph));
}

// case: all_capture
void CaptureStep(float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaGraph_t* graph) {
  CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamEndCapture(stream, graph));
}
