// Group semantics, per thread and with nesting: operations and communicator creations are collected between
// start and end, and started together when the outermost group ends. A call outside a group is a group of its
// own.
#pragma once

#include <nccl.h>

#include <functional>
#include <memory>

#include "virtual_gpu/nccl/operation.h"

namespace rankle::virtual_nccl {

// Creation of a communicator: runs on a thread of its own when it is one of several or not blocking.
struct CreationJob {
  std::function<ncclResult_t()> create;
  // Sees the result, on the thread that ran `create`.
  std::function<void(ncclResult_t)> finish;
  bool blocking = true;
};

ncclResult_t GroupStart();
ncclResult_t GroupEnd();
ncclResult_t GroupSimulateEnd(ncclSimInfo_t* info);

ncclResult_t Submit(Operation operation);
ncclResult_t Submit(CreationJob job);

}  // namespace rankle::virtual_nccl
