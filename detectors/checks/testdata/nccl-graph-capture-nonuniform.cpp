#include <nccl.h>

#define CHECK(call) \
  if ((call) != 0) __builtin_trap()

#define REDUCE(a, comm, stream) CHECK(ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream))

void OnTheFirstRankOnly(float* a, ncclComm_t comm, cudaStream_t stream, cudaGraph_t* graph) {
  int rank = 0;
  CHECK(ncclCommUserRank(comm, &rank));
  const bool first = rank == 0;
  if (first) CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));  // warns: nccl-graph-capture-nonuniform
  REDUCE(a, comm, stream);
  if (first) CHECK(cudaStreamEndCapture(stream, graph));
}

void OnSeveralDevices(float* a, int n, ncclComm_t* comms, cudaStream_t* streams, cudaGraph_t* graphs) {
  for (int i = 0; i < n; ++i) {
    CHECK(cudaSetDevice(i));
    CHECK(cudaStreamBeginCapture(streams[i], cudaStreamCaptureModeGlobal));  // warns: nccl-graph-capture-nonuniform
  }
  CHECK(ncclGroupStart());
  for (int i = 0; i < n; ++i) REDUCE(a, comms[i], streams[i]);
  CHECK(ncclGroupEnd());
  for (int i = 0; i < n; ++i) CHECK(cudaStreamEndCapture(streams[i], &graphs[i]));
}

void OnAll(int rank, float* a, ncclComm_t comm, cudaStream_t stream, cudaGraph_t* graph) {
  if (rank == 0) CHECK(cudaMemsetAsync(a, 0, 4, stream));
  CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  REDUCE(a, comm, stream);
  CHECK(cudaStreamEndCapture(stream, graph));
}

void ByASwitchThatAllShare(bool graphs, float* a, ncclComm_t comm, cudaStream_t stream, cudaGraph_t* graph) {
  if (graphs) CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  REDUCE(a, comm, stream);
  if (graphs) CHECK(cudaStreamEndCapture(stream, graph));
}

void WithoutCommunication(int rank, float* a, ncclComm_t comm, cudaStream_t stream, cudaStream_t other, cudaGraph_t* graph) {
  if (rank == 0) {
    CHECK(cudaStreamBeginCapture(other, cudaStreamCaptureModeRelaxed));
    CHECK(cudaMemsetAsync(a, 0, 4, other));
    CHECK(cudaStreamEndCapture(other, graph));
  }
  REDUCE(a, comm, stream);
}
