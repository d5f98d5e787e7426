// Written after the check: other shapes of the same truth.
#include "check.h"

// case: two_neighbours
void Halo2(const float* left_out, const float* right_out, float* left_in, float* right_in, size_t n, int left, int right, ncclComm_t comm, cudaStream_t s) {
  NCCL_CHECK(ncclSend(left_out, n, ncclFloat, left, comm, s));  // warns: nccl-p2p-not-grouped
  NCCL_CHECK(ncclSend(right_out, n, ncclFloat, right, comm, s));
  NCCL_CHECK(ncclRecv(left_in, n, ncclFloat, left, comm, s));
  NCCL_CHECK(ncclRecv(right_in, n, ncclFloat, right, comm, s));
}

// case: class_with_methods
class Link {
 public:
  void Push(const float* out, size_t n) { NCCL_CHECK(ncclSend(out, n, ncclFloat, next_, comm_, stream_)); }
  void Pull(float* in, size_t n) { NCCL_CHECK(ncclRecv(in, n, ncclFloat, prev_, comm_, stream_)); }
  void Shift(const float* out, float* in, size_t n) {
    Push(out, n);  // warns: nccl-p2p-not-grouped
    Pull(in, n);
  }
  void ShiftTogether(const float* out, float* in, size_t n) {
    NCCL_CHECK(ncclGroupStart());
    Push(out, n);
    Pull(in, n);
    NCCL_CHECK(ncclGroupEnd());
  }

 private:
  int next_ = 0, prev_ = 0;
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
};

// case: first_and_last_stage
void Stage(float* act, float* grad, size_t n, bool first, bool last, int prev, int next, ncclComm_t comm, cudaStream_t stream) {
  if (!first) NCCL_CHECK(ncclRecv(act, n, ncclFloat, prev, comm, stream));
  if (!last) NCCL_CHECK(ncclSend(act, n, ncclFloat, next, comm, stream));
}

// case: optional_group_that_is_always_there
void Exchange(const float* out, float* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  const ncclResult_t started = ncclGroupStart();
  if (started != ncclSuccess) std::abort();
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: collect_from_all_without_sending
void Collect(float** in, size_t n, int ranks, ncclComm_t comm, cudaStream_t stream) {
  for (int r = 1; r < ranks; r++) NCCL_CHECK(ncclRecv(in[r], n, ncclFloat, r, comm, stream));
}

// case: lambda_for_each_direction
void ExchangeByLambdas(const float* out, float* in, size_t n, int next, int prev, ncclComm_t comm, cudaStream_t stream) {
  auto send = [&] { NCCL_CHECK(ncclSend(out, n, ncclFloat, next, comm, stream)); };
  auto recv = [&] { NCCL_CHECK(ncclRecv(in, n, ncclFloat, prev, comm, stream)); };
  send();  // warns: nccl-p2p-not-grouped
  recv();
}
