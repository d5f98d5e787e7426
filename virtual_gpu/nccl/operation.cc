#include "virtual_gpu/nccl/operation.h"

#include <cstdlib>

#include "virtual_gpu/engine/device_work.h"
#include "virtual_gpu/nccl/debug_log.h"

namespace rankle::virtual_nccl {
namespace {

bool CheckPointersEnabled() {
  static const bool enabled = [] {
    const char* value = std::getenv("NCCL_CHECK_POINTERS");
    return value != nullptr && std::atoi(value) != 0;
  }();
  return enabled;
}

struct BufferUse {
  size_t send_elements = 0;
  size_t receive_elements = 0;
};

// How much of each buffer this rank's part of the operation touches; 0 where the buffer may be null.
BufferUse ElementsTouched(const Operation& o) {
  const size_t n = static_cast<size_t>(o.communicator->nranks());
  const bool is_root = o.communicator->rank() == o.root;
  switch (o.function) {
    case Function::kBroadcast:
      return {is_root ? o.count : 0, o.count};
    case Function::kReduce:
      return {o.count, is_root ? o.count : 0};
    case Function::kAllGather:
      return {o.count, n * o.count};
    case Function::kReduceScatter:
      return {n * o.count, o.count};
    case Function::kAllReduce:
      return {o.count, o.count};
    case Function::kSend:
      return {o.count, 0};
    case Function::kReceive:
      return {0, o.count};
    case Function::kAllToAll:
      return {n * o.count, n * o.count};
    case Function::kScatter:
      return {is_root ? n * o.count : 0, o.count};
    case Function::kGather:
      return {o.count, is_root ? n * o.count : 0};
  }
  return {};
}

ncclResult_t CheckBuffer(const Operation& o, const void* buffer, size_t elements, const char* name) {
  if (elements == 0) return ncclSuccess;
  if (buffer == nullptr) {
    return NCCL_FAIL(ncclInvalidArgument, "%s : %s argument is NULL", FunctionName(o.function), name);
  }
  if (CheckPointersEnabled() &&
      rankleVgpuIsDeviceAccessible(buffer, elements * ElementSize(o.datatype)) == 0) {
    return NCCL_FAIL(ncclInvalidArgument, "%s : %s %p is not a valid pointer", FunctionName(o.function), name,
                     buffer);
  }
  return ncclSuccess;
}

ncclResult_t CheckReduction(Operation& o) {
  if (o.op < ncclSum || o.op > ncclMaxRedOp) {
    return NCCL_FAIL(ncclInvalidArgument, "%s : invalid reduction operation %d", FunctionName(o.function),
                     o.op);
  }
  if (o.op < ncclNumOps) return ncclSuccess;
  o.user_reduction = o.communicator->FindReduction(o.op);
  if (!o.user_reduction.has_value()) {
    return NCCL_FAIL(ncclInvalidArgument, "%s : reduction operation %d unknown to this communicator",
                     FunctionName(o.function), o.op);
  }
  if (o.user_reduction->type != o.datatype) {
    return NCCL_FAIL(ncclInvalidArgument,
                     "%s : Data type supplied to user-created ncclRedOp_t does not match type "
                     "given to reduction operation",
                     FunctionName(o.function));
  }
  return ncclSuccess;
}

}  // namespace

const char* FunctionName(Function function) {
  switch (function) {
    case Function::kBroadcast:
      return "Broadcast";
    case Function::kReduce:
      return "Reduce";
    case Function::kAllGather:
      return "AllGather";
    case Function::kReduceScatter:
      return "ReduceScatter";
    case Function::kAllReduce:
      return "AllReduce";
    case Function::kSend:
      return "Send";
    case Function::kReceive:
      return "Recv";
    case Function::kAllToAll:
      return "AlltoAll";
    case Function::kScatter:
      return "Scatter";
    case Function::kGather:
      return "Gather";
  }
  return "Unknown";
}

ncclResult_t CheckOperation(Operation& o) {
  const char* const name = FunctionName(o.function);
  o.communicator = FromHandle(o.comm, name);
  if (o.communicator == nullptr) return ncclInvalidArgument;
  if (const ncclResult_t usable = o.communicator->CheckUsable(); usable != ncclSuccess) return usable;
  if (o.root < 0 || o.root >= o.communicator->nranks()) {
    return NCCL_FAIL(ncclInvalidArgument, "%s : invalid root %d (root should be in the 0..%d range)", name,
                     o.root, o.communicator->nranks());
  }
  if (ElementSize(o.datatype) == 0) {
    return NCCL_FAIL(ncclInvalidArgument, "%s : invalid type %d", name, o.datatype);
  }
  if (const ncclResult_t reduction = CheckReduction(o); reduction != ncclSuccess) return reduction;
  const BufferUse use = ElementsTouched(o);
  if (const ncclResult_t send = CheckBuffer(o, o.send, use.send_elements, "sendbuff"); send != ncclSuccess) {
    return send;
  }
  if (const ncclResult_t receive = CheckBuffer(o, o.receive, use.receive_elements, "recvbuff");
      receive != ncclSuccess) {
    return receive;
  }
  const uint64_t operation_count = o.communicator->NextOperation(!o.IsPointToPoint());
  o.number = o.communicator->NextOfFunction(static_cast<int>(o.function));
  if (InfoEnabled(kLogColl)) {
    LogInfo(kLogColl,
            "%s: opCount %lx sendbuff %p recvbuff %p count %zu datatype %d op %d root %d comm %p [nranks=%d] "
            "stream %p",
            name, operation_count, o.send, o.receive, o.count, o.datatype, o.op, o.root,
            static_cast<void*>(o.comm), o.communicator->nranks(), static_cast<void*>(o.stream));
  }
  return ncclSuccess;
}

}  // namespace rankle::virtual_nccl
