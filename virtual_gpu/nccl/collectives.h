// The collective algorithms: binomial trees for small messages (few messages, few wake-ups: 64 ranks on 2
// cores), rings and chains in pipelined chunks for large ones. Each call blocks until this rank's part is
// done and throws TransferStopped on abort or a lost peer.
#pragma once

#include <cstddef>

#include "virtual_gpu/nccl/flow.h"
#include "virtual_gpu/nccl/reduction.h"

namespace rankle::virtual_nccl {

struct CollectiveArguments {
  const void* send = nullptr;
  void* receive = nullptr;
  size_t count = 0;  // as in the NCCL call: AllGather counts sent, ReduceScatter counts received elements
  int root = 0;
  Reduction reduction;
};

void AllReduce(Transport& transport, const CollectiveArguments& arguments);
void AllGather(Transport& transport, const CollectiveArguments& arguments);
void ReduceScatter(Transport& transport, const CollectiveArguments& arguments);
void Broadcast(Transport& transport, const CollectiveArguments& arguments);
void Reduce(Transport& transport, const CollectiveArguments& arguments);

// Messages up to this many bytes (all ranks' data of the operation together) go by tree.
inline constexpr size_t kTreeBytes = 64 << 10;

}  // namespace rankle::virtual_nccl
