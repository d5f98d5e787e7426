// The functions of nccl.h: each is a weak ncclX with a strong alias pncclX, as in NCCL, so that an interposer
// may define ncclX and call pncclX. Nothing but argument passing happens here.
#include <nccl.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "virtual_gpu/nccl/communicator.h"
#include "virtual_gpu/nccl/creation.h"
#include "virtual_gpu/nccl/debug_log.h"
#include "virtual_gpu/nccl/device.h"
#include "virtual_gpu/nccl/group.h"
#include "virtual_gpu/nccl/operation.h"

// Declares pncclX as an alias of ncclX and opens the definition of ncclX.
#define NCCL_API(type, name, ...)                                                            \
  extern "C" __attribute__((visibility("default"), alias(#name))) type p##name(__VA_ARGS__); \
  extern "C" __attribute__((visibility("default"), weak)) type name(__VA_ARGS__)

namespace vnccl = rankle::virtual_nccl;
using vnccl::Communicator;
using vnccl::Function;
using vnccl::Operation;
using vnccl::Reduction;

namespace {

using CommunicatorPtr = std::shared_ptr<Communicator>;

ncclResult_t RequirePointer(const void* pointer, const char* function, const char* name) {
  if (pointer != nullptr) return ncclSuccess;
  return NCCL_FAIL(ncclInvalidArgument, "%s : %s argument is NULL", function, name);
}

template <typename T>
ncclResult_t Query(ncclComm_t comm, T* out, const char* function, const char* name,
                   T (*value)(const Communicator&)) {
  const CommunicatorPtr communicator = vnccl::FromHandle(comm, function);
  if (communicator == nullptr) return ncclInvalidArgument;
  if (const ncclResult_t given = RequirePointer(out, function, name); given != ncclSuccess) return given;
  if (const ncclResult_t ready = communicator->CheckReady(); ready != ncclSuccess) return ready;
  *out = value(*communicator);
  return ncclSuccess;
}

Operation Describe(Function function, const void* send, void* receive, size_t count, ncclDataType_t type,
                   ncclRedOp_t op, int root, ncclComm_t comm, cudaStream_t stream) {
  Operation operation;
  operation.function = function;
  operation.send = send;
  operation.receive = receive;
  operation.count = count;
  operation.datatype = type;
  operation.op = op;
  operation.root = root;
  operation.comm = comm;
  operation.stream = stream;
  return operation;
}

// Runs `task` here, or in the background when the communicator does not block.
template <typename Task>
ncclResult_t BlockingOrNot(const CommunicatorPtr& communicator, Task task) {
  if (communicator->config.blocking) {
    task();
    return ncclSuccess;
  }
  communicator->SetAsyncError(ncclInProgress);
  std::thread([communicator, task] {
    task();
    communicator->SetAsyncError(ncclSuccess);
  }).detach();
  return ncclInProgress;
}

}  // namespace

NCCL_API(ncclResult_t, ncclGetVersion, int* version) {
  if (version == nullptr) return ncclInvalidArgument;
  *version = NCCL_VERSION_CODE;
  return ncclSuccess;
}

NCCL_API(ncclResult_t, ncclGetUniqueId, ncclUniqueId* out) {
  vnccl::LogVersionOnce();
  if (const ncclResult_t given = RequirePointer(out, "GetUniqueId", "out"); given != ncclSuccess)
    return given;
  const char* fixed = std::getenv("NCCL_COMM_ID");
  const auto id =
      fixed != nullptr && *fixed != '\0' ? vnccl::FixedRendezvous(fixed, false) : vnccl::NewRendezvous();
  if (!id.ok()) return NCCL_FAIL(ncclSystemError, "%s", std::string(id.status().message()).c_str());
  *out = id->Pack();
  return ncclSuccess;
}

NCCL_API(ncclResult_t, ncclCommInitRankConfig, ncclComm_t* comm, int nranks, ncclUniqueId id, int rank,
         ncclConfig_t* config) {
  return vnccl::CreateRoot(comm, {"ncclCommInitRankConfig", nranks, rank, {id}, config});
}

NCCL_API(ncclResult_t, ncclCommInitRank, ncclComm_t* comm, int nranks, ncclUniqueId id, int rank) {
  return vnccl::CreateRoot(comm, {"ncclCommInitRank", nranks, rank, {id}, nullptr});
}

NCCL_API(ncclResult_t, ncclCommInitRankScalable, ncclComm_t* comm, int nranks, int rank, int id_count,
         ncclUniqueId* ids, ncclConfig_t* config) {
  if (id_count <= 0 || id_count > nranks || ids == nullptr) {
    return NCCL_FAIL(ncclInvalidArgument, "improper usage of ncclCommInitRankScalable: nId = %d, nranks=%d",
                     id_count, nranks);
  }
  return vnccl::CreateRoot(comm, {"ncclCommInitRankScalable", nranks, rank, {ids, ids + id_count}, config});
}

NCCL_API(ncclResult_t, ncclCommInitAll, ncclComm_t* comms, int count, const int* devices) {
  if (const ncclResult_t given = RequirePointer(comms, "CommInitAll", "comms"); given != ncclSuccess)
    return given;
  const int available = vnccl::DeviceCount();
  if (count <= 0 || count > available) {
    return NCCL_FAIL(ncclInvalidArgument, "Invalid device count requested : %d (there are %d)", count,
                     available);
  }
  std::vector<bool> used(available, false);
  for (int i = 0; devices != nullptr && i < count; ++i) {
    if (devices[i] < 0 || devices[i] >= available) {
      return NCCL_FAIL(ncclInvalidArgument, "CommInitAll : invalid device %d (there are %d)", devices[i],
                       available);
    }
    if (used[devices[i]])
      return NCCL_FAIL(ncclInvalidUsage, "CommInitAll : device %d is listed twice", devices[i]);
    used[devices[i]] = true;
  }
  const auto id = vnccl::NewRendezvous();
  if (!id.ok()) return NCCL_FAIL(ncclSystemError, "%s", std::string(id.status().message()).c_str());
  vnccl::GroupStart();
  for (int rank = 0; rank < count; ++rank) {
    const vnccl::DeviceScope scope(devices == nullptr ? rank : devices[rank]);
    vnccl::CreateRoot(&comms[rank], {"ncclCommInitAll", count, rank, {id->Pack()}, nullptr});
  }
  return vnccl::GroupEnd();
}

NCCL_API(ncclResult_t, ncclCommFinalize, ncclComm_t comm) {
  if (comm == nullptr) return ncclSuccess;
  const CommunicatorPtr communicator = vnccl::FromHandle(comm, "CommFinalize");
  if (communicator == nullptr) return ncclInvalidArgument;
  if (communicator->revoked())
    return NCCL_FAIL(ncclInvalidUsage, "CommFinalize : the communicator was revoked");
  if (communicator->finalized()) return NCCL_FAIL(ncclInvalidArgument, "CommFinalize : finalized before");
  if (const ncclResult_t ready = communicator->CheckReady(); ready != ncclSuccess) return ready;
  return BlockingOrNot(communicator, [communicator] { communicator->Finalize(); });
}

NCCL_API(ncclResult_t, ncclCommDestroy, ncclComm_t comm) {
  if (comm == nullptr) return ncclSuccess;
  const CommunicatorPtr communicator = vnccl::TakeFromHandle(comm, "CommDestroy");
  if (communicator == nullptr) return ncclInvalidArgument;
  const auto destroy = [communicator] {
    communicator->Finalize();
    communicator->Close();
  };
  if (communicator->config.blocking) {
    destroy();
  } else {
    std::thread(destroy).detach();
  }
  return ncclSuccess;
}

NCCL_API(ncclResult_t, ncclCommAbort, ncclComm_t comm) {
  if (comm == nullptr) return ncclSuccess;
  const CommunicatorPtr communicator = vnccl::TakeFromHandle(comm, "CommAbort");
  if (communicator == nullptr) return ncclInvalidArgument;
  communicator->Abort();
  communicator->Close();
  return ncclSuccess;
}

NCCL_API(ncclResult_t, ncclCommRevoke, ncclComm_t comm, int flags) {
  const CommunicatorPtr communicator = vnccl::FromHandle(comm, "CommRevoke");
  if (communicator == nullptr) return ncclInvalidArgument;
  if (flags != NCCL_REVOKE_DEFAULT)
    return NCCL_FAIL(ncclInvalidArgument, "CommRevoke : invalid flags %d", flags);
  if (const ncclResult_t ready = communicator->CheckReady(); ready != ncclSuccess) return ready;
  if (communicator->revoked()) return NCCL_FAIL(ncclInvalidUsage, "CommRevoke : revoked before");
  return BlockingOrNot(communicator, [communicator] { communicator->Revoke(); });
}

NCCL_API(ncclResult_t, ncclCommSplit, ncclComm_t comm, int color, int key, ncclComm_t* out,
         ncclConfig_t* config) {
  const CommunicatorPtr parent = vnccl::FromHandle(comm, "CommSplit");
  if (parent == nullptr) return ncclInvalidArgument;
  return vnccl::CreateSplit(parent, out, {color, key, config});
}

NCCL_API(ncclResult_t, ncclCommShrink, ncclComm_t comm, int* excluded, int count, ncclComm_t* out,
         ncclConfig_t* config, int flags) {
  const CommunicatorPtr parent = vnccl::FromHandle(comm, "CommShrink");
  if (parent == nullptr) return ncclInvalidArgument;
  if (flags != NCCL_SHRINK_DEFAULT && flags != NCCL_SHRINK_ABORT) {
    return NCCL_FAIL(ncclInvalidArgument, "CommShrink : invalid flags %d", flags);
  }
  if (const ncclResult_t given = RequirePointer(excluded, "CommShrink", "excludeRanksList");
      given != ncclSuccess) {
    return given;
  }
  return vnccl::CreateShrunk(parent, out,
                             {{excluded, excluded + std::max(count, 0)}, config, flags == NCCL_SHRINK_ABORT});
}

NCCL_API(const char*, ncclGetErrorString, ncclResult_t result) {
  switch (result) {
    case ncclSuccess:
      return "no error";
    case ncclUnhandledCudaError:
      return "unhandled cuda error (run with NCCL_DEBUG=INFO for details)";
    case ncclSystemError:
      return "unhandled system error (run with NCCL_DEBUG=INFO for details)";
    case ncclInternalError:
      return "internal error - please report this issue to the NCCL developers";
    case ncclInvalidArgument:
      return "invalid argument (run with NCCL_DEBUG=WARN for details)";
    case ncclInvalidUsage:
      return "invalid usage (run with NCCL_DEBUG=WARN for details)";
    case ncclRemoteError:
      return "remote process exited or there was a network error";
    case ncclInProgress:
      return "NCCL operation in progress";
    default:
      return "unknown result code";
  }
}

NCCL_API(const char*, ncclGetLastError, ncclComm_t) { return vnccl::LastErrorText(); }

NCCL_API(void, ncclResetDebugInit) {}

NCCL_API(ncclResult_t, ncclCommGetAsyncError, ncclComm_t comm, ncclResult_t* error) {
  const CommunicatorPtr communicator = vnccl::FromHandle(comm, "CommGetAsyncError");
  if (communicator == nullptr) return ncclInvalidArgument;
  if (const ncclResult_t given = RequirePointer(error, "CommGetAsyncError", "asyncError");
      given != ncclSuccess) {
    return given;
  }
  *error = communicator->async_error();
  return ncclSuccess;
}

NCCL_API(ncclResult_t, ncclCommCount, const ncclComm_t comm, int* count) {
  return Query<int>(comm, count, "CommCount", "count", [](const Communicator& c) { return c.nranks(); });
}

NCCL_API(ncclResult_t, ncclCommCuDevice, const ncclComm_t comm, int* device) {
  return Query<int>(comm, device, "CommCuDevice", "device", [](const Communicator& c) { return c.device; });
}

NCCL_API(ncclResult_t, ncclCommUserRank, const ncclComm_t comm, int* rank) {
  return Query<int>(comm, rank, "CommUserRank", "rank", [](const Communicator& c) { return c.rank(); });
}

NCCL_API(ncclResult_t, ncclMemAlloc, void** pointer, size_t size) {
  if (pointer == nullptr || size == 0)
    return NCCL_FAIL(ncclInvalidArgument, "MemAlloc : no pointer or no size");
  const cudaError_t error = cudaMalloc(pointer, size);
  if (error == cudaSuccess) return ncclSuccess;
  return NCCL_FAIL(ncclUnhandledCudaError, "Cuda failure %d '%s' in ncclMemAlloc of %zu bytes", error,
                   cudaGetErrorString(error), size);
}

NCCL_API(ncclResult_t, ncclMemFree, void* pointer) {
  if (pointer == nullptr) return ncclSuccess;
  const cudaError_t error = cudaFree(pointer);
  if (error == cudaSuccess) return ncclSuccess;
  return NCCL_FAIL(ncclUnhandledCudaError, "Cuda failure %d '%s' in ncclMemFree", error,
                   cudaGetErrorString(error));
}

NCCL_API(ncclResult_t, ncclCommRegister, const ncclComm_t comm, void* buffer, size_t size, void** handle) {
  const CommunicatorPtr communicator = vnccl::FromHandle(comm, "CommRegister");
  if (communicator == nullptr) return ncclInvalidArgument;
  if (buffer == nullptr || size == 0 || handle == nullptr) {
    return NCCL_FAIL(ncclInvalidArgument, "CommRegister : buffer %p of %zu bytes, handle %p", buffer, size,
                     static_cast<void*>(handle));
  }
  *handle = communicator->AddRegistration(buffer, size);
  return ncclSuccess;
}

NCCL_API(ncclResult_t, ncclCommDeregister, const ncclComm_t comm, void* handle) {
  const CommunicatorPtr communicator = vnccl::FromHandle(comm, "CommDeregister");
  if (communicator == nullptr) return ncclInvalidArgument;
  if (handle == nullptr || communicator->RemoveRegistration(handle)) return ncclSuccess;
  return NCCL_FAIL(ncclInvalidUsage, "CommDeregister : could not find handle %p", handle);
}

NCCL_API(ncclResult_t, ncclCommWindowRegister, ncclComm_t comm, void* buffer, size_t size,
         ncclWindow_t* window, int flags) {
  const CommunicatorPtr communicator = vnccl::FromHandle(comm, "CommWindowRegister");
  if (communicator == nullptr) return ncclInvalidArgument;
  if (buffer == nullptr || size == 0 || window == nullptr || (flags & ~NCCL_WIN_COLL_SYMMETRIC) != 0) {
    return NCCL_FAIL(ncclInvalidArgument, "CommWindowRegister : buffer %p of %zu bytes, window %p, flags %d",
                     buffer, size, static_cast<void*>(window), flags);
  }
  *window = reinterpret_cast<ncclWindow_t>(communicator->AddRegistration(buffer, size));
  return ncclSuccess;
}

NCCL_API(ncclResult_t, ncclCommWindowDeregister, ncclComm_t comm, ncclWindow_t window) {
  const CommunicatorPtr communicator = vnccl::FromHandle(comm, "CommWindowDeregister");
  if (communicator == nullptr) return ncclInvalidArgument;
  if (window == nullptr || communicator->RemoveRegistration(window)) return ncclSuccess;
  return NCCL_FAIL(ncclInvalidUsage, "CommWindowDeregister : could not find window %p",
                   static_cast<void*>(window));
}

// NCCL's device interface, which kernels call: nothing runs them here. nccl_device.h, which declares these two, is
// device code; the types stay opaque.
NCCL_API(ncclResult_t, ncclDevCommCreate, ncclComm_t comm, const void*, void*) {
  if (vnccl::FromHandle(comm, "DevCommCreate") == nullptr) return ncclInvalidArgument;
  return NCCL_FAIL(ncclInvalidUsage, "DevCommCreate : the virtual NCCL has no device communicators");
}

NCCL_API(ncclResult_t, ncclDevCommDestroy, ncclComm_t comm, const void*) {
  if (vnccl::FromHandle(comm, "DevCommDestroy") == nullptr) return ncclInvalidArgument;
  return NCCL_FAIL(ncclInvalidUsage, "DevCommDestroy : the virtual NCCL has no device communicators");
}

NCCL_API(ncclResult_t, ncclRedOpCreatePreMulSum, ncclRedOp_t* op, void* scalar, ncclDataType_t type,
         ncclScalarResidence_t residence, ncclComm_t comm) {
  const CommunicatorPtr communicator = vnccl::FromHandle(comm, "ncclRedOpCreatePreMulSum");
  if (communicator == nullptr) return ncclInvalidArgument;
  if (const ncclResult_t ready = communicator->CheckReady(); ready != ncclSuccess) return ready;
  const size_t size = vnccl::ElementSize(type);
  const bool known_residence = residence == ncclScalarDevice || residence == ncclScalarHostImmediate;
  if (op == nullptr || scalar == nullptr || size == 0 || !known_residence) {
    return NCCL_FAIL(ncclInvalidArgument, "ncclRedOpCreatePreMulSum : op %p scalar %p type %d residence %d",
                     static_cast<void*>(op), scalar, type, residence);
  }
  vnccl::UserReduction reduction;
  reduction.type = type;
  if (residence == ncclScalarDevice) {
    reduction.device_scalar = scalar;
  } else {
    std::copy_n(static_cast<const char*>(scalar), size, reinterpret_cast<char*>(&reduction.immediate));
  }
  *op = communicator->AddReduction(reduction);
  return ncclSuccess;
}

NCCL_API(ncclResult_t, ncclRedOpDestroy, ncclRedOp_t op, ncclComm_t comm) {
  if (op >= 0 && op < ncclNumOps) {
    return NCCL_FAIL(ncclInvalidArgument, "ncclRedOpDestroy : operator %d is a NCCL builtin.", op);
  }
  const CommunicatorPtr communicator = vnccl::FromHandle(comm, "ncclRedOpDestroy");
  if (communicator == nullptr) return ncclInvalidArgument;
  if (communicator->RemoveReduction(op)) return ncclSuccess;
  return NCCL_FAIL(ncclInvalidArgument, "ncclRedOpDestroy : operator %d unknown to this communicator.", op);
}

NCCL_API(ncclResult_t, ncclReduce, const void* send, void* receive, size_t count, ncclDataType_t type,
         ncclRedOp_t op, int root, ncclComm_t comm, cudaStream_t stream) {
  return vnccl::Submit(Describe(Function::kReduce, send, receive, count, type, op, root, comm, stream));
}

NCCL_API(ncclResult_t, ncclBcast, void* buffer, size_t count, ncclDataType_t type, int root, ncclComm_t comm,
         cudaStream_t stream) {
  return vnccl::Submit(
      Describe(Function::kBroadcast, buffer, buffer, count, type, ncclSum, root, comm, stream));
}

NCCL_API(ncclResult_t, ncclBroadcast, const void* send, void* receive, size_t count, ncclDataType_t type,
         int root, ncclComm_t comm, cudaStream_t stream) {
  return vnccl::Submit(
      Describe(Function::kBroadcast, send, receive, count, type, ncclSum, root, comm, stream));
}

NCCL_API(ncclResult_t, ncclAllReduce, const void* send, void* receive, size_t count, ncclDataType_t type,
         ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) {
  return vnccl::Submit(Describe(Function::kAllReduce, send, receive, count, type, op, 0, comm, stream));
}

NCCL_API(ncclResult_t, ncclReduceScatter, const void* send, void* receive, size_t count, ncclDataType_t type,
         ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) {
  return vnccl::Submit(Describe(Function::kReduceScatter, send, receive, count, type, op, 0, comm, stream));
}

NCCL_API(ncclResult_t, ncclAllGather, const void* send, void* receive, size_t count, ncclDataType_t type,
         ncclComm_t comm, cudaStream_t stream) {
  return vnccl::Submit(Describe(Function::kAllGather, send, receive, count, type, ncclSum, 0, comm, stream));
}

NCCL_API(ncclResult_t, ncclAlltoAll, const void* send, void* receive, size_t count, ncclDataType_t type,
         ncclComm_t comm, cudaStream_t stream) {
  return vnccl::Submit(Describe(Function::kAllToAll, send, receive, count, type, ncclSum, 0, comm, stream));
}

NCCL_API(ncclResult_t, ncclGather, const void* send, void* receive, size_t count, ncclDataType_t type,
         int root, ncclComm_t comm, cudaStream_t stream) {
  return vnccl::Submit(Describe(Function::kGather, send, receive, count, type, ncclSum, root, comm, stream));
}

NCCL_API(ncclResult_t, ncclScatter, const void* send, void* receive, size_t count, ncclDataType_t type,
         int root, ncclComm_t comm, cudaStream_t stream) {
  return vnccl::Submit(Describe(Function::kScatter, send, receive, count, type, ncclSum, root, comm, stream));
}

NCCL_API(ncclResult_t, ncclSend, const void* send, size_t count, ncclDataType_t type, int peer,
         ncclComm_t comm, cudaStream_t stream) {
  return vnccl::Submit(Describe(Function::kSend, send, nullptr, count, type, ncclSum, peer, comm, stream));
}

NCCL_API(ncclResult_t, ncclRecv, void* receive, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
         cudaStream_t stream) {
  return vnccl::Submit(
      Describe(Function::kReceive, nullptr, receive, count, type, ncclSum, peer, comm, stream));
}

NCCL_API(ncclResult_t, ncclGroupStart) { return vnccl::GroupStart(); }
NCCL_API(ncclResult_t, ncclGroupEnd) { return vnccl::GroupEnd(); }
NCCL_API(ncclResult_t, ncclGroupSimulateEnd, ncclSimInfo_t* info) { return vnccl::GroupSimulateEnd(info); }
