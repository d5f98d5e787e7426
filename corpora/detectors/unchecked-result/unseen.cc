// Written after the check: other shapes of the same truth.
#include <memory>
#include <stdexcept>
#include <string>

#include "check.h"

// case: logged_by_nobody
void Shutdown(ncclComm_t comm, cudaStream_t stream, bool verbose) {
  if (verbose) std::printf("shutting down\n");
  cudaStreamSynchronize(stream);  // warns: nccl-unchecked-result
  ncclCommFinalize(comm);         // warns: nccl-unchecked-result
  ncclCommDestroy(comm);          // warns: nccl-unchecked-result
}

// case: one_branch_reads
bool CloseIf(bool careful, ncclComm_t comm) {
  ncclResult_t result = ncclCommFinalize(comm);
  if (careful && result != ncclSuccess) return false;
  return true;
}

// case: method_of_a_class
class Backend {
 public:
  ncclResult_t Barrier() { return ncclAllReduce(flag_, flag_, 1, ncclInt, ncclSum, comm_, stream_); }

 private:
  int* flag_ = nullptr;
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
};
void Step(Backend& backend) {
  backend.Barrier();  // warns: nccl-unchecked-result
}

// case: thrown
void ReduceOrThrow(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  const ncclResult_t result = ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream);
  if (result) throw std::runtime_error(std::string("all-reduce: ") + ncclGetErrorString(result));
}

// case: do_while_condition
void WaitQuery(cudaStream_t stream) {
  cudaError_t state;
  do {
    state = cudaStreamQuery(stream);
  } while (state == cudaErrorNotReady);
}

// case: static_cast_to_int
int ErrorCode(ncclComm_t comm) {
  return static_cast<int>(ncclCommDestroy(comm));
}

// case: for_increment
void Count(ncclComm_t comm, int* ranks) {
  for (int i = 0; i < 1; ncclCommCount(comm, ranks), i++) {  // warns: nccl-unchecked-result
  }
}

// case: default_argument_wrapper
inline bool Ok(ncclResult_t result, const char* what = "nccl") {
  if (result != ncclSuccess) std::fprintf(stderr, "%s: %s\n", what, ncclGetErrorString(result));
  return result == ncclSuccess;
}
void CloseWithMessage(ncclComm_t comm) {
  Ok(ncclCommDestroy(comm), "destroy");
}
