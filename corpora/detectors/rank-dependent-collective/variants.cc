// Functions that answer with the rank, and functions that do not.
#include "check.h"

class Topology {
 public:
  bool IsFirst() const { return rank_ == 0; }
  bool IsValid() const { return rank_ >= 0 && size_ > 0; }
  bool IsLast() const { return At(size_ - 1); }
  bool At(int position) const { return rank_ == position; }
  bool Several() const { return size_ > 1; }

 private:
  int rank_ = 0, size_ = 1;
};
inline bool IsZero(int rank) {
  return rank == 0;
}

// case: first_alone
void FirstAlone(const Topology& topology, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (!topology.IsFirst()) return;
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-collective
}

// case: last_alone
void LastAlone(const Topology& topology, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (topology.IsLast()) {
    NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-rank-dependent-collective
  }
}

// case: valid_on_all
void Valid(const Topology& topology, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (!topology.IsValid()) return;
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: several_ranks
void Several(const Topology& topology, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (topology.Several()) NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: parameter_of_that_name_is_a_step
void EveryStep(int step, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (IsZero(step)) NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}
