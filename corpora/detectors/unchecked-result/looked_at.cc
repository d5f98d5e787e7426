// Results that somebody looks at, in ways a matcher for "call as a statement" or "variable not in an if" may overlook.
#include <cassert>
#include <functional>
#include <optional>
#include <tuple>
#include <vector>

#include "check.h"

// case: condition_of_an_if
bool InitOk(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank) {
  if (ncclCommInitRank(comm, ranks, id, rank) != ncclSuccess) return false;
  return true;
}

// case: if_with_initialiser
const char* ReduceMessage(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (auto result = ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream); result != ncclSuccess) {
    return ncclGetErrorString(result);
  }
  return nullptr;
}

// case: argument_of_a_function
void Report(const char* what, ncclResult_t result);
void DestroyAndReport(ncclComm_t comm) {
  Report("destroy", ncclCommDestroy(comm));
}

// case: collected
std::vector<ncclResult_t> DestroyEach(const std::vector<ncclComm_t>& comms) {
  std::vector<ncclResult_t> results;
  for (ncclComm_t comm : comms) results.push_back(ncclCommDestroy(comm));
  return results;
}

// case: kept_in_a_member
class Channel {
 public:
  void Reduce(float* data, size_t n) { last_ = ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm_, stream_); }
  bool ok() const { return last_ == ncclSuccess; }

 private:
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
  ncclResult_t last_ = ncclSuccess;
};

// case: out_parameter
void Open(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank, ncclResult_t* result) {
  *result = ncclCommInitRank(comm, ranks, id, rank);
}

// case: std_ignore
void CloseIgnoring(ncclComm_t comm) {
  std::ignore = ncclCommAbort(comm);
}

// case: marked_maybe_unused
void CloseMarked(ncclComm_t comm) {
  [[maybe_unused]] const ncclResult_t result = ncclCommDestroy(comm);
}

// case: asserted
void CloseAsserting(ncclComm_t comm) {
  const ncclResult_t result = ncclCommDestroy(comm);
  assert(result == ncclSuccess);
  (void)result;
}

// case: error_cleared_on_purpose
void ClearSticky() {
  cudaGetLastError();
}

// case: error_asked_right_after
bool DeviceOk() {
  cudaDeviceSynchronize();
  return cudaGetLastError() == cudaSuccess;
}

// case: read_in_the_next_turn
bool ReduceSeveral(float** data, size_t n, int buckets, ncclComm_t comm, cudaStream_t stream) {
  ncclResult_t result = ncclSuccess;
  for (int i = 0; i < buckets && result == ncclSuccess; i++) {
    result = ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream);
  }
  return true;
}

// case: returned_by_a_lambda_that_is_checked
void ReduceLater(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  auto reduce = [&] { return ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream); };
  NCCL_CHECK(reduce());
}

// case: captured_by_reference
void Run(const std::function<bool()>& call);
void ReadByLambda(ncclComm_t comm) {
  ncclResult_t result = ncclCommFinalize(comm);
  Run([&result] { return result == ncclSuccess; });
}

// case: switch_over_the_result
int Query(cudaStream_t stream) {
  switch (cudaStreamQuery(stream)) {
    case cudaSuccess:
      return 0;
    case cudaErrorNotReady:
      return 1;
    default:
      return 2;
  }
}

// case: conditional_operator
bool Either(bool abort, ncclComm_t comm) {
  return (abort ? ncclCommAbort(comm) : ncclCommDestroy(comm)) == ncclSuccess;
}

// case: negation_and_conjunction
bool AllOk(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  return !(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream) || cudaStreamSynchronize(stream));
}
