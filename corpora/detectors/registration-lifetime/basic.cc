// A registered buffer stays allocated until it is deregistered.
#include "check.h"

// case: freed_before_deregister
void FreeTooEarly(size_t bytes, ncclComm_t comm) {
  void* buffer;
  void* handle;
  NCCL_CHECK(ncclMemAlloc(&buffer, bytes));
  NCCL_CHECK(ncclCommRegister(comm, buffer, bytes, &handle));
  NCCL_CHECK(ncclMemFree(buffer));  // warns: nccl-registration-lifetime
  NCCL_CHECK(ncclCommDeregister(comm, handle));
}

// case: never_deregistered
void NeverDeregister(float* buffer, size_t n, ncclComm_t comm, cudaStream_t stream) {
  void* handle;
  NCCL_CHECK(ncclCommRegister(comm, buffer, n * sizeof(float), &handle));  // warns: nccl-registration-lifetime
  NCCL_CHECK(ncclAllReduce(buffer, buffer, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
}

// case: in_order
void InOrder(size_t n, ncclComm_t comm, cudaStream_t stream) {
  void* buffer;
  void* handle;
  NCCL_CHECK(ncclMemAlloc(&buffer, n * sizeof(float)));
  NCCL_CHECK(ncclCommRegister(comm, buffer, n * sizeof(float), &handle));
  NCCL_CHECK(ncclAllReduce(buffer, buffer, n, ncclFloat, ncclSum, comm, stream));
  WaitFor(comm, stream);
  NCCL_CHECK(ncclCommDeregister(comm, handle));
  NCCL_CHECK(ncclMemFree(buffer));
}
