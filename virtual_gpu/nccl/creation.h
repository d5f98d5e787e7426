// Making communicators: init calls connect a mesh, split and shrink take a part of the parent's.
#pragma once

#include <nccl.h>

#include <memory>
#include <vector>

#include "virtual_gpu/nccl/communicator.h"

namespace rankle::virtual_nccl {

struct InitRequest {
  const char* function = "";  // the API call, for the log
  int nranks = 0;
  int rank = 0;
  std::vector<ncclUniqueId> ids;
  const ncclConfig_t* config = nullptr;
};
ncclResult_t CreateRoot(ncclComm_t* out, const InitRequest& request);

struct SplitRequest {
  int color = 0;
  int key = 0;
  const ncclConfig_t* config = nullptr;
};
ncclResult_t CreateSplit(const std::shared_ptr<Communicator>& parent, ncclComm_t* out,
                         const SplitRequest& request);

struct ShrinkRequest {
  std::vector<int> excluded;
  const ncclConfig_t* config = nullptr;
  bool abort_parent = false;
};
ncclResult_t CreateShrunk(const std::shared_ptr<Communicator>& parent, ncclComm_t* out,
                          const ShrinkRequest& request);

}  // namespace rankle::virtual_nccl
