#include "virtual_gpu/nccl/collectives.h"

#include <algorithm>
#include <cstring>

#include "virtual_gpu/nccl/ring.h"
#include "virtual_gpu/nccl/tree.h"

namespace rankle::virtual_nccl {
namespace {

constexpr size_t kPipelineDepth =
    2;  // a block is cut at least into this many chunks, so that work overlaps transfer
constexpr size_t kSmallestChunkBytes = 16 << 10;

size_t DivideUp(size_t a, size_t b) { return (a + b - 1) / b; }

size_t ChunkElements(size_t block_elements, size_t element_size) {
  const size_t wanted = DivideUp(block_elements, kPipelineDepth);
  return std::clamp(wanted, kSmallestChunkBytes / element_size, kChunkBytes / element_size);
}

// One rank: the result is f(input), finished.
void Alone(const CollectiveArguments& a) {
  a.reduction.Load(a.receive, a.send, a.count);
  a.reduction.Finish(a.receive, a.count);
}

// Reduces `count` elements of all ranks into `parcel` of every rank.
void TreeAllReduce(Transport& transport, const CollectiveArguments& a, size_t count, Parcel& parcel) {
  a.reduction.Load(parcel->data(), a.send, count);
  TreeReduce(transport, a.reduction, parcel, count, 0);
  if (transport.link.rank() == 0) a.reduction.Finish(parcel->data(), count);
  TreeBroadcast(transport, parcel, count * a.reduction.element_size(), 0);
}

// Where chunks lie when every rank owns a block of `count` elements.
std::function<ChunkPlace(size_t, int)> BlockPerRank(size_t count, size_t chunk, bool blocks_in_input) {
  return [=](size_t slice, int block) {
    const size_t within = slice * chunk;
    const size_t in_blocks = static_cast<size_t>(block) * count + within;
    return ChunkPlace{blocks_in_input ? in_blocks : within, blocks_in_input ? within : in_blocks,
                      std::min(chunk, count - within)};
  };
}

}  // namespace

void AllReduce(Transport& transport, const CollectiveArguments& a) {
  const int size = transport.link.size();
  const size_t element = a.reduction.element_size();
  if (size == 1) return Alone(a);
  if (a.count * element <= kTreeBytes) {
    Parcel parcel = transport.link.Acquire();
    TreeAllReduce(transport, a, a.count, parcel);
    std::memcpy(a.receive, parcel->data(), a.count * element);
    return;
  }
  const size_t chunk = ChunkElements(DivideUp(a.count, size), element);
  RingPlan plan;
  plan.first_block = transport.link.rank();
  plan.steps = 2 * (size - 1);
  plan.reduce_steps = size - 1;
  plan.slices = DivideUp(a.count, chunk * size);
  plan.locate = [&a, chunk, size](size_t slice, int block) {
    const size_t begin = std::min(a.count, (slice * size + block) * chunk);
    return ChunkPlace{begin, begin, std::min(chunk, a.count - begin)};
  };
  RunRing(transport, a.reduction, plan, static_cast<const char*>(a.send), static_cast<char*>(a.receive));
}

void AllGather(Transport& transport, const CollectiveArguments& a) {
  const int size = transport.link.size();
  const int rank = transport.link.rank();
  const size_t block = a.count * a.reduction.element_size();
  char* const output = static_cast<char*>(a.receive);
  if (output + rank * block != a.send) std::memmove(output + rank * block, a.send, block);
  if (size == 1) return;
  if (block * size <= kTreeBytes) {
    Parcel parcel = transport.link.Acquire();
    std::memcpy(parcel->data() + rank * block, output + rank * block, block);
    TreeGatherToZero(transport, parcel, block);
    TreeBroadcast(transport, parcel, block * size, 0);
    std::memcpy(output, parcel->data(), block * size);
    return;
  }
  const size_t chunk = ChunkElements(a.count, a.reduction.element_size());
  RingPlan plan;
  plan.first_block = rank;
  plan.steps = size - 1;
  plan.slices = DivideUp(a.count, chunk);
  plan.locate = BlockPerRank(a.count, chunk, false);
  RunRing(transport, a.reduction, plan, output + rank * block, output);
}

void ReduceScatter(Transport& transport, const CollectiveArguments& a) {
  const int size = transport.link.size();
  const int rank = transport.link.rank();
  const size_t block = a.count * a.reduction.element_size();
  if (size == 1) return Alone(a);
  if (block * size <= kTreeBytes) {
    Parcel parcel = transport.link.Acquire();
    TreeAllReduce(transport, a, a.count * size, parcel);
    std::memcpy(a.receive, parcel->data() + rank * block, block);
    return;
  }
  const size_t chunk = ChunkElements(a.count, a.reduction.element_size());
  RingPlan plan;
  plan.first_block = (rank + size - 1) % size;
  plan.steps = size - 1;
  plan.reduce_steps = size - 1;
  plan.slices = DivideUp(a.count, chunk);
  plan.locate = BlockPerRank(a.count, chunk, true);
  RunRing(transport, a.reduction, plan, static_cast<const char*>(a.send), static_cast<char*>(a.receive));
}

void Broadcast(Transport& transport, const CollectiveArguments& a) {
  const size_t bytes = a.count * a.reduction.element_size();
  const bool is_root = transport.link.rank() == a.root;
  const void* const source = is_root ? a.send : a.receive;
  if (transport.link.size() == 1) return Alone(a);
  if (bytes <= kTreeBytes) {
    Parcel parcel = transport.link.Acquire();
    if (is_root) std::memcpy(parcel->data(), source, bytes);
    TreeBroadcast(transport, parcel, bytes, a.root);
    std::memcpy(a.receive, parcel->data(), bytes);
    return;
  }
  RunChain(transport, a.reduction, a.root, false, static_cast<const char*>(source),
           static_cast<char*>(a.receive), a.count);
}

void Reduce(Transport& transport, const CollectiveArguments& a) {
  const size_t element = a.reduction.element_size();
  const bool is_root = transport.link.rank() == a.root;
  if (transport.link.size() == 1) return Alone(a);
  if (a.count * element <= kTreeBytes) {
    Parcel parcel = transport.link.Acquire();
    a.reduction.Load(parcel->data(), a.send, a.count);
    TreeReduce(transport, a.reduction, parcel, a.count, a.root);
    if (!is_root) return;
    a.reduction.Finish(parcel->data(), a.count);
    std::memcpy(a.receive, parcel->data(), a.count * element);
    return;
  }
  // The chain ends at the root.
  RunChain(transport, a.reduction, (a.root + 1) % transport.link.size(), true,
           static_cast<const char*>(a.send), static_cast<char*>(a.receive), a.count);
}

}  // namespace rankle::virtual_nccl
