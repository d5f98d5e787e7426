#include "injector/hooks/buffers.h"

#include <algorithm>

#include "injector/api/table.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {

int64_t BufferBytes(const HookCall& call, Buffer buffer) {
  return BufferBytes(call, TheProcess().comms.Find(call.comm()), buffer);
}

int64_t BufferBytes(const HookCall& call, const Comm* comm, Buffer buffer) {
  const bool send = buffer == Buffer::kSend;
  const int64_t ranks = comm != nullptr ? std::max(1, comm->size.load(std::memory_order_relaxed)) : 1;
  const bool is_root = comm != nullptr && comm->rank.load(std::memory_order_relaxed) == call.root();
  const int64_t block = call.bytes();
  switch (call.info->id) {
    case api::IdOf("ncclAlltoAll"):
    case api::IdOf("ncclAlltoAllConfig"):
      return block * ranks;
    case api::IdOf("ncclAllGather"):
    case api::IdOf("ncclAllGatherConfig"):
      return send ? block : block * ranks;
    case api::IdOf("ncclReduceScatter"):
    case api::IdOf("ncclReduceScatterConfig"):
      return send ? block * ranks : block;
    case api::IdOf("ncclGather"):
    case api::IdOf("ncclGatherConfig"):
      return send ? block : is_root ? block * ranks : 0;
    case api::IdOf("ncclScatter"):
    case api::IdOf("ncclScatterConfig"):
      return send ? (is_root ? block * ranks : 0) : block;
    case api::IdOf("ncclReduce"):
    case api::IdOf("ncclReduceConfig"):
      return send || is_root ? block : 0;
    case api::IdOf("ncclBcast"):
    case api::IdOf("ncclBroadcast"):
    case api::IdOf("ncclBroadcastConfig"):
      return !send || is_root ? block : 0;
    default:
      return block;
  }
}

}  // namespace rankle::hooks
