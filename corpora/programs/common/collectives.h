// Collectives on mirrored arrays: host to device, NCCL on device memory, back to the host, all in stream
// order.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_COLLECTIVES_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_COLLECTIVES_H_

#include <nccl.h>

#include <cstdint>
#include <type_traits>

#include "corpora/programs/common/communicator.h"
#include "corpora/programs/common/cuda_handles.h"

namespace rankle::programs {

template <typename T>
constexpr ncclDataType_t NcclType() {
  if constexpr (std::is_same_v<T, float>)
    return ncclFloat32;
  else if constexpr (std::is_same_v<T, int32_t>)
    return ncclInt32;
  else if constexpr (std::is_same_v<T, int64_t>)
    return ncclInt64;
  else {
    static_assert(std::is_same_v<T, uint64_t>, "add the type's NCCL name");
    return ncclUint64;
  }
}

template <typename T>
void AllReduce(Mirrored<T>& data, size_t offset, size_t count, ncclRedOp_t op, const Communicator& group,
               cudaStream_t stream) {
  data.ToDevice(stream, offset, count);
  Check(
      ncclAllReduce(data.device(offset), data.device(offset), count, NcclType<T>(), op, group.get(), stream),
      "ncclAllReduce on " + group.name(), group.get());
  data.ToHost(stream, offset, count);
}

template <typename T>
void AllReduce(Mirrored<T>& data, ncclRedOp_t op, const Communicator& group, cudaStream_t stream) {
  AllReduce(data, 0, data.size(), op, group, stream);
}

template <typename T>
void Broadcast(Mirrored<T>& data, int root, const Communicator& group, cudaStream_t stream) {
  data.ToDevice(stream);
  Check(ncclBroadcast(data.device(), data.device(), data.size(), NcclType<T>(), root, group.get(), stream),
        "ncclBroadcast on " + group.name(), group.get());
  data.ToHost(stream);
}

// Each rank fills its own part (the rank-th `count` elements) and gets the others'.
template <typename T>
void AllGather(Mirrored<T>& data, size_t count, const Communicator& group, cudaStream_t stream) {
  const size_t mine = count * static_cast<size_t>(group.rank());
  data.ToDevice(stream, mine, count);
  Check(ncclAllGather(data.device(mine), data.device(), count, NcclType<T>(), group.get(), stream),
        "ncclAllGather on " + group.name(), group.get());
  data.ToHost(stream, 0, count * static_cast<size_t>(group.size()));
}

// Parts are equal shares of the whole.
template <typename T>
void AllGather(Mirrored<T>& data, const Communicator& group, cudaStream_t stream) {
  AllGather(data, data.size() / static_cast<size_t>(group.size()), group, stream);
}

// Each rank gets the reduction of its own part, in place.
template <typename T>
void ReduceScatter(Mirrored<T>& data, ncclRedOp_t op, const Communicator& group, cudaStream_t stream) {
  const size_t count = data.size() / static_cast<size_t>(group.size());
  const size_t mine = count * static_cast<size_t>(group.rank());
  data.ToDevice(stream);
  Check(ncclReduceScatter(data.device(), data.device(mine), count, NcclType<T>(), op, group.get(), stream),
        "ncclReduceScatter on " + group.name(), group.get());
  data.ToHost(stream, mine, count);
}

// Point-to-point operations issued while it lives progress together.
class NcclGroup {
 public:
  NcclGroup() { Check(ncclGroupStart(), "ncclGroupStart"); }
  NcclGroup(const NcclGroup&) = delete;
  NcclGroup& operator=(const NcclGroup&) = delete;
  ~NcclGroup() { Check(ncclGroupEnd(), "ncclGroupEnd"); }
};

template <typename T>
void Send(Mirrored<T>& data, size_t offset, size_t count, int peer, const Communicator& group,
          cudaStream_t stream) {
  Check(ncclSend(data.device(offset), count, NcclType<T>(), peer, group.get(), stream),
        "ncclSend on " + group.name(), group.get());
}

template <typename T>
void Receive(Mirrored<T>& data, size_t offset, size_t count, int peer, const Communicator& group,
             cudaStream_t stream) {
  Check(ncclRecv(data.device(offset), count, NcclType<T>(), peer, group.get(), stream),
        "ncclRecv on " + group.name(), group.get());
}

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_COLLECTIVES_H_
