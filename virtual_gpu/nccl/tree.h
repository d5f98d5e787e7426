// Binomial-tree building blocks for messages that fit into one chunk.
#pragma once

#include "virtual_gpu/nccl/flow.h"
#include "virtual_gpu/nccl/reduction.h"

namespace rankle::virtual_nccl {

// Merges every rank's partial result into `partial` on the root.
void TreeReduce(Transport& transport, const Reduction& reduction, Parcel& partial, size_t count, int root);
// Brings the root's `bytes` to every rank's parcel.
void TreeBroadcast(Transport& transport, Parcel& parcel, size_t bytes, int root);
// `parcel` holds one block for each rank, this rank's filled in; afterwards rank 0 has all.
void TreeGatherToZero(Transport& transport, Parcel& parcel, size_t block_bytes);

}  // namespace rankle::virtual_nccl
