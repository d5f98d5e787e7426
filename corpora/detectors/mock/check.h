// What most cases share, as a project has it in one header: checks that end the process, and the wait that
// polls for asynchronous errors (so a program of the corpus that includes this is clean of
// nccl-wait-without-async-poll).
#pragma once

#include <nccl.h>

#include <cstdio>
#include <cstdlib>

[[noreturn]] inline void Fail(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what);
  std::abort();
}

#define NCCL_CHECK(call)                                                               \
  do {                                                                                 \
    ncclResult_t result_ = (call);                                                     \
    if (result_ != ncclSuccess) Fail(ncclGetErrorString(result_), __FILE__, __LINE__); \
  } while (0)

#define CUDA_CHECK(call)                                                             \
  do {                                                                               \
    cudaError_t error_ = (call);                                                     \
    if (error_ != cudaSuccess) Fail(cudaGetErrorString(error_), __FILE__, __LINE__); \
  } while (0)

// Returns when everything enqueued on the stream is done; ends the process on an error of the stream or
// communicator.
inline void WaitFor(ncclComm_t comm, cudaStream_t stream) {
  for (;;) {
    const cudaError_t done = cudaStreamQuery(stream);
    if (done == cudaSuccess) return;
    if (done != cudaErrorNotReady) Fail(cudaGetErrorString(done), __FILE__, __LINE__);
    ncclResult_t state = ncclSuccess;
    NCCL_CHECK(ncclCommGetAsyncError(comm, &state));
    if (state != ncclSuccess && state != ncclInProgress) Fail(ncclGetErrorString(state), __FILE__, __LINE__);
  }
}
