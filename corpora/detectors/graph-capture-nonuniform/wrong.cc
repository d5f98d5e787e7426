// Captures and launches that differ between ranks or devices.
#include <mpi.h>

#include "check.h"

// case: only_some_ranks_launch
void LaunchOnLeader(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  cudaGraph_t graph;
  cudaGraphExec_t executable;
  CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  CUDA_CHECK(cudaGraphInstantiate(&executable, graph, 0));
  if (rank == 0) CUDA_CHECK(cudaGraphLaunch(executable, stream));  // warns: nccl-graph-capture-nonuniform
}

// case: captured_by_one_side
void CaptureOrRun(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaGraph_t* graph) {
  if (rank % 2 == 0) {
    CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));  // warns: nccl-graph-capture-nonuniform
    NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
    CUDA_CHECK(cudaStreamEndCapture(stream, graph));
  } else {
    NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
  }
}

// case: rank_from_mpi
void CaptureOnFirst(float* data, size_t n, ncclComm_t comm, cudaStream_t stream, cudaGraph_t* graph) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const bool capture = rank < 4;
  if (capture) CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));  // warns: nccl-graph-capture-nonuniform
  NCCL_CHECK(ncclBroadcast(data, data, n, ncclFloat, 0, comm, stream));
  if (capture) CUDA_CHECK(cudaStreamEndCapture(stream, graph));
}

// case: devices_of_one_thread
void CaptureAllDevices(float** data, size_t n, int devices, ncclComm_t* comms, cudaStream_t* streams, cudaGraph_t* graphs) {
  for (int i = 0; i < devices; i++) {
    CUDA_CHECK(cudaSetDevice(i));
    CUDA_CHECK(cudaStreamBeginCapture(streams[i], cudaStreamCaptureModeGlobal));  // warns: nccl-graph-capture-nonuniform
  }
  NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < devices; i++) NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comms[i], streams[i]));
  NCCL_CHECK(ncclGroupEnd());
  for (int i = 0; i < devices; i++) CUDA_CHECK(cudaStreamEndCapture(streams[i], &graphs[i]));
}

// case: member_rank
class Step {
 public:
  void Capture(float* data, size_t n) {
    if (rank_ == 0) CUDA_CHECK(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal));  // warns: nccl-graph-capture-nonuniform
    NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm_, stream_));
    if (rank_ == 0) CUDA_CHECK(cudaStreamEndCapture(stream_, &graph_));
  }

 private:
  int rank_ = 0;
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
  cudaGraph_t graph_ = nullptr;
};
