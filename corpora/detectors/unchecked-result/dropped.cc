// Ways to lose a result.
#include <thread>
#include <vector>

#include "check.h"

// case: every_call_of_a_loop
void DestroyAll(ncclComm_t* comms, int devices) {
  for (int i = 0; i < devices; i++) ncclCommDestroy(comms[i]);  // warns: nccl-unchecked-result
}

// case: overwritten_before_read
bool ReduceTwice(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  ncclResult_t result = ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream);  // warns: nccl-unchecked-result
  result = ncclAllReduce(data, data, n, ncclFloat, ncclMax, comm, stream);
  return result == ncclSuccess;
}

// case: result_of_a_wrapper
ncclResult_t Reduce(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  return ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream);
}
void ReduceThroughWrapper(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Reduce(data, n, comm, stream);  // warns: nccl-unchecked-result
}

// case: result_of_a_lambda
void ReduceThroughLambda(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  auto reduce = [&] { return ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream); };
  reduce();  // warns: nccl-unchecked-result
}

// case: left_of_a_comma
int InitDevice(int device, int* count) {
  return cudaSetDevice(device), cudaGetDeviceCount(count) == cudaSuccess ? *count : 0;  // warns: nccl-unchecked-result
}

// case: only_the_last_is_checked
ncclResult_t Grouped(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  ncclGroupStart();                                          // warns: nccl-unchecked-result
  ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream);  // warns: nccl-unchecked-result
  ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream);  // warns: nccl-unchecked-result
  return ncclGroupEnd();
}

// case: cuda_error_kept_and_forgotten
void CopyOut(float* host, const float* device, size_t n) {
  cudaError_t error = cudaMemcpy(host, device, n * sizeof(float), cudaMemcpyDeviceToHost);  // warns: nccl-unchecked-result
}

// case: dropped_in_a_template
template <class T>
T* Allocate(size_t n) {
  T* pointer = nullptr;
  cudaMalloc(&pointer, n * sizeof(T));  // warns: nccl-unchecked-result
  return pointer;
}
template float* Allocate<float>(size_t);

// case: dropped_in_a_thread
void FinalizeInThreads(const std::vector<ncclComm_t>& comms) {
  std::vector<std::thread> threads;
  for (ncclComm_t comm : comms) {
    threads.emplace_back([comm] { ncclCommFinalize(comm); });  // warns: nccl-unchecked-result
  }
  for (std::thread& thread : threads) thread.join();
}

#define CALL_NCCL(call) call

// case: macro_that_checks_nothing
void CloseThroughMacro(ncclComm_t comm) {
  CALL_NCCL(ncclCommDestroy(comm));  // warns: nccl-unchecked-result
}

// case: read_on_no_path
void Free(float* data, bool verbose) {
  cudaError_t error = cudaSuccess;
  if (verbose) std::printf("before: %s\n", cudaGetErrorString(error));
  error = cudaFree(data);  // warns: nccl-unchecked-result
}

// case: async_error_not_asked
void Ask(ncclComm_t comm) {
  ncclResult_t state = ncclSuccess;
  ncclCommGetAsyncError(comm, &state);  // warns: nccl-unchecked-result
  if (state != ncclSuccess) std::abort();
}
