// Written after the check: other shapes of the same truth.
#include <optional>
#include <stdexcept>
#include <vector>

#include "check.h"

struct Work {
  float* data;
  size_t n;
  bool cancelled;
};
std::optional<Work> Pop();

#define TRY(call)                                    \
  if (ncclResult_t r_ = (call); r_ != ncclSuccess) { \
    return r_;                                       \
  }

// case: status_macro_and_plain_end
ncclResult_t Flush(const std::vector<Work>& queue, ncclComm_t comm, cudaStream_t stream) {
  TRY(ncclGroupStart());  // warns: nccl-group-unbalanced
  for (const Work& work : queue) TRY(ncclAllReduce(work.data, work.data, work.n, ncclFloat, ncclSum, comm, stream));
  return ncclGroupEnd();
}

// case: queue_runs_dry
int Drain(ncclComm_t comm, cudaStream_t stream) {
  int done = 0;
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  while (auto work = Pop()) {
    if (work->cancelled) return done;
    NCCL_CHECK(ncclAllReduce(work->data, work->data, work->n, ncclFloat, ncclSum, comm, stream));
    done++;
  }
  NCCL_CHECK(ncclGroupEnd());
  return done;
}

// case: error_code_is_remembered
ncclResult_t FlushRemembering(const std::vector<Work>& queue, ncclComm_t comm, cudaStream_t stream) {
  ncclResult_t first = ncclGroupStart();
  if (first != ncclSuccess) return first;
  for (const Work& work : queue) {
    const ncclResult_t result = ncclAllReduce(work.data, work.data, work.n, ncclFloat, ncclSum, comm, stream);
    if (result != ncclSuccess && first == ncclSuccess) first = result;
  }
  const ncclResult_t end = ncclGroupEnd();
  return first != ncclSuccess ? first : end;
}

// case: end_in_both_arms
bool SendOrSkip(bool active, const float* data, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  if (active) {
    NCCL_CHECK(ncclSend(data, n, ncclFloat, peer, comm, stream));
    NCCL_CHECK(ncclGroupEnd());
    return true;
  } else {
    NCCL_CHECK(ncclGroupEnd());
    return false;
  }
}

// case: counter_of_batches
void ReduceInBatches(const std::vector<Work>& queue, ncclComm_t comm, cudaStream_t stream) {
  for (size_t i = 0; i < queue.size(); i += 4) {
    NCCL_CHECK(ncclGroupStart());
    for (size_t j = i; j < queue.size() && j < i + 4; j++) {
      if (queue[j].cancelled) continue;
      NCCL_CHECK(ncclAllReduce(queue[j].data, queue[j].data, queue[j].n, ncclFloat, ncclSum, comm, stream));
    }
    NCCL_CHECK(ncclGroupEnd());
  }
}

// case: double_end_after_the_error_path
ncclResult_t ReduceAndClose(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  const ncclResult_t result = ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream);
  if (result != ncclSuccess) NCCL_CHECK(ncclGroupEnd());
  NCCL_CHECK(ncclGroupEnd());  // warns: nccl-group-unbalanced
  return result;
}

// case: derived_guard
class GroupBase {
 public:
  GroupBase() { NCCL_CHECK(ncclGroupStart()); }
  virtual ~GroupBase() { NCCL_CHECK(ncclGroupEnd()); }
};
class NamedGroup : public GroupBase {
 public:
  explicit NamedGroup(const char* name) : name_(name) {}

 private:
  const char* name_;
};
bool ReduceNamed(const Work& work, ncclComm_t comm, cudaStream_t stream) {
  NamedGroup group("gradients");
  if (work.cancelled) return false;
  NCCL_CHECK(ncclAllReduce(work.data, work.data, work.n, ncclFloat, ncclSum, comm, stream));
  return true;
}

// case: handler_of_another_type
void ReduceTyped(const Work& work, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  try {
    if (work.cancelled) throw std::runtime_error("cancelled");
    NCCL_CHECK(ncclAllReduce(work.data, work.data, work.n, ncclFloat, ncclSum, comm, stream));
  } catch (const std::logic_error&) {
    NCCL_CHECK(ncclGroupEnd());
    return;
  }
  NCCL_CHECK(ncclGroupEnd());
}
