// Uses communicators after functions of another file.
#include "check.h"

struct Job {
  ncclComm_t comm;
};
void Close(int code, ncclComm_t comm);
void CloseIf(bool wanted, ncclComm_t comm);
void CloseJob(Job& job);

// case: closed_through_two_functions
void CloseAndReduce(float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Close(0, comm);
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));  // warns-across: nccl-comm-use-after-destroy
}

// case: closed_if_wanted
void MaybeCloseAndReduce(bool last, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  CloseIf(last, comm);
  if (!last) NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: job_is_made_again
void Again(Job& job, int ranks, int rank, ncclUniqueId id, float* data, size_t n, cudaStream_t stream) {
  CloseJob(job);
  NCCL_CHECK(ncclCommInitRank(&job.comm, ranks, id, rank));
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, job.comm, stream));
}
