// At exit, static objects are destroyed after CUDA's own: a communicator must not be destroyed there.
#include "check.h"

struct Owner {
  ncclComm_t comm = nullptr;
  ~Owner() {
    if (comm != nullptr) (void)ncclCommDestroy(comm);
  }
};

// case: global_owner
Owner global_owner;  // warns: nccl-static-destructor

// case: local_owner
void UseLocally(ncclComm_t comm, float* data, size_t n, cudaStream_t stream) {
  Owner owner{comm};
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, owner.comm, stream));
  WaitFor(owner.comm, stream);
}

// case: leaked_on_purpose
Owner& LeakedOwner() {
  static Owner* owner = new Owner;
  return *owner;
}
