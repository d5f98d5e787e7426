// Which handler takes an exception.
#include <exception>
#include <stdexcept>

#include "check.h"

struct Work {
  float* data;
  size_t n;
  bool cancelled;
};
struct Cancelled {};

// case: handler_of_the_base
void ReduceBase(const Work& work, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  try {
    if (work.cancelled) throw std::runtime_error("cancelled");
    NCCL_CHECK(ncclAllReduce(work.data, work.data, work.n, ncclFloat, ncclSum, comm, stream));
  } catch (const std::exception&) {
    NCCL_CHECK(ncclGroupEnd());
    return;
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: second_handler_takes_all
void ReduceAll(const Work& work, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  try {
    if (work.cancelled) throw Cancelled{};
    NCCL_CHECK(ncclAllReduce(work.data, work.data, work.n, ncclFloat, ncclSum, comm, stream));
  } catch (const std::exception&) {
  } catch (...) {
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: number_past_the_handler
void ReduceNumber(const Work& work, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  try {
    if (work.cancelled) throw 7;
    NCCL_CHECK(ncclAllReduce(work.data, work.data, work.n, ncclFloat, ncclSum, comm, stream));
  } catch (const std::exception&) {
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: outer_handler_closes
void ReduceNested(const Work& work, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  try {
    try {
      if (work.cancelled) throw Cancelled{};
      NCCL_CHECK(ncclAllReduce(work.data, work.data, work.n, ncclFloat, ncclSum, comm, stream));
    } catch (const std::logic_error&) {
    }
  } catch (const Cancelled&) {
  }
  NCCL_CHECK(ncclGroupEnd());
}
