// Sends and receives that need no group, or have one that takes a second look.
#include <utility>

#include "check.h"

// case: sender_or_receiver
void Move(int rank, float* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (rank == 0) {
    NCCL_CHECK(ncclSend(data, n, ncclFloat, 1, comm, stream));
  } else if (rank == 1) {
    NCCL_CHECK(ncclRecv(data, n, ncclFloat, 0, comm, stream));
  }
}

// case: pipeline_with_ends
void Forward(float* data, size_t n, int stage, int stages, ncclComm_t comm, cudaStream_t stream) {
  if (stage > 0) NCCL_CHECK(ncclRecv(data, n, ncclFloat, stage - 1, comm, stream));
  if (stage < stages - 1) NCCL_CHECK(ncclSend(data, n, ncclFloat, stage + 1, comm, stream));
}

// case: even_ranks_send_first
void OddEven(const float* out, float* in, size_t n, int rank, int peer, ncclComm_t comm, cudaStream_t stream) {
  if (rank % 2 == 0) {
    NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
    NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
  } else {
    NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
    NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
  }
}

// case: several_in_one_direction
void SendLayers(float* const* layers, size_t n, int count, int next, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < count; i++) NCCL_CHECK(ncclSend(layers[i], n, ncclFloat, next, comm, stream));
}

// case: grouped_by_the_caller
void SendTo(const float* out, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
}
void RecvFrom(float* in, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, peer, comm, stream));
}
void Halo(const float* out, float* in, size_t n, int up, int down, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  SendTo(out, n, up, comm, stream);
  RecvFrom(in, n, down, comm, stream);
  NCCL_CHECK(ncclGroupEnd());
}

// case: scoped_group
class Group {
 public:
  Group() { NCCL_CHECK(ncclGroupStart()); }
  ~Group() { NCCL_CHECK(ncclGroupEnd()); }
};
void ScopedHalo(const float* out, float* in, size_t n, int up, int down, ncclComm_t comm, cudaStream_t stream) {
  Group group;
  NCCL_CHECK(ncclSend(out, n, ncclFloat, up, comm, stream));
  NCCL_CHECK(ncclRecv(in, n, ncclFloat, down, comm, stream));
}

// case: group_helper_with_a_lambda
template <class F>
void InGroup(F&& f) {
  NCCL_CHECK(ncclGroupStart());
  std::forward<F>(f)();
  NCCL_CHECK(ncclGroupEnd());
}
void LambdaHalo(const float* out, float* in, size_t n, int up, int down, ncclComm_t comm, cudaStream_t stream) {
  InGroup([&] {
    NCCL_CHECK(ncclSend(out, n, ncclFloat, up, comm, stream));
    NCCL_CHECK(ncclRecv(in, n, ncclFloat, down, comm, stream));
  });
}

// case: gather_at_the_root_in_a_group
void GatherToRoot(const float* mine, float** all, size_t n, int rank, int root, int ranks, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  if (rank == root) {
    for (int r = 0; r < ranks; r++) NCCL_CHECK(ncclRecv(all[r], n, ncclFloat, r, comm, stream));
  }
  NCCL_CHECK(ncclSend(mine, n, ncclFloat, root, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: send_with_a_group_of_its_own
void SendAlone(const float* out, size_t n, int peer, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclSend(out, n, ncclFloat, peer, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: all_to_all_with_group_around_the_loop
void AllToAll(float** out, float** in, size_t n, int ranks, ncclComm_t comm, cudaStream_t stream) {
  if (ncclGroupStart() != ncclSuccess) std::abort();
  for (int r = 0; r < ranks; r++) {
    NCCL_CHECK(ncclSend(out[r], n, ncclFloat, r, comm, stream));
    NCCL_CHECK(ncclRecv(in[r], n, ncclFloat, r, comm, stream));
  }
  if (ncclGroupEnd() != ncclSuccess) std::abort();
}
