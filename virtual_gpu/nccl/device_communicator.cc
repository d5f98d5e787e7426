// Communicators for kernels (nccl_device.h, NCCL 2.28): a kernel that communicates by itself computes, and
// virtual GPUs do not, so creation is refused with the reason. The names must exist all the same: Python
// loads PyTorch's libraries with RTLD_NOW, and one missing symbol makes `import torch` fail. The types are
// opaque here: nccl.h of older versions has no nccl_device.h beside it.
#include <nccl.h>

#include "virtual_gpu/nccl/communicator.h"
#include "virtual_gpu/nccl/debug_log.h"
#include "virtual_gpu/nccl/exported.h"

struct ncclDevCommRequirements;
struct ncclDevComm;

namespace vnccl = rankle::virtual_nccl;

NCCL_API(ncclResult_t, ncclDevCommCreate, ncclComm_t comm, const ncclDevCommRequirements*, ncclDevComm*) {
  if (vnccl::FromHandle(comm, "DevCommCreate") == nullptr) return ncclInvalidArgument;
  return NCCL_FAIL(
      ncclInvalidUsage,
      "DevCommCreate : kernels do not compute on virtual GPUs, so they cannot communicate by themselves");
}

NCCL_API(ncclResult_t, ncclDevCommDestroy, ncclComm_t comm, const ncclDevComm* device_communicator) {
  if (vnccl::FromHandle(comm, "DevCommDestroy") == nullptr) return ncclInvalidArgument;
  return NCCL_FAIL(ncclInvalidArgument, "DevCommDestroy : could not find device communicator %p",
                   static_cast<const void*>(device_communicator));
}
