// Sends and receives of one group: all of them progress together, each pair of ranks in order.
#pragma once

#include <cstddef>
#include <vector>

#include "virtual_gpu/nccl/flow.h"

namespace rankle::virtual_nccl {

struct Transfer {
  bool is_send = false;
  int peer = 0;
  char* buffer = nullptr;
  size_t bytes = 0;
  TransferObserver* observer = nullptr;
};

// Blocks until all are done; throws TransferStopped on abort or a lost peer.
void RunTransfers(Link& link, const std::vector<Transfer>& transfers);

}  // namespace rankle::virtual_nccl
