// librankle-nccl-profiler.so: NCCL's profiler plugin, versions 1 to 6 in one library. NCCL loads it
// (NCCL_PROFILER_PLUGIN) and tells it of every step of every transfer that its proxy threads carry; the steps
// go into the transport record (tracer/transport/format.h).
//
// The rules of docs/hooks.md hold: on the path of a step no lock, no allocation, no logging, no system call
// but reading the clock. Handles are numbers that name the operation, link or step (handle.h): no table is
// searched by pointer, and nothing of NCCL's is kept. Nothing here can fail an operation of NCCL: what cannot
// be recorded is counted.
//
// What NCCL does not tell: transfers that need no proxy (peer-to-peer over NVLink or shared memory).
#include <atomic>
#include <iterator>

#include "tracer/nccl_profiler/abi_traits.h"
#include "tracer/nccl_profiler/handle.h"
#include "tracer/nccl_profiler/process.h"

namespace rankle::nccl_profiler {
namespace {

using profiler::Abi;
using transport::CommEntry;
using transport::LinkEntry;
using transport::StepSlot;

// Types of events and states, the same in all versions (NCCL's ncclProfile* and ncclProfilerEventState_t).
constexpr uint64_t kColl = 1 << 1, kP2p = 1 << 2, kProxyOp = 1 << 3, kProxyStep = 1 << 4;
constexpr int kOpSendDone = 3, kOpRecvDone = 7;
constexpr int kStepSendWait = 9, kStepRecvWait = 10, kStepRecvFlushWait = 11;

void* OpenComm(int* mask, uint64_t hash, int rank, int nranks, const char* name) {
  transport::Recorder* const recorder = OpenRecorder();
  if (recorder == nullptr) return nullptr;
  CommEntry* const comm = recorder->AddComm(Now(), hash, rank, nranks, name);
  if (comm != nullptr)
    __atomic_store_n(mask, static_cast<int>(kColl | kP2p | kProxyOp | kProxyStep), __ATOMIC_RELAXED);
  return comm;
}

// Before version 4 a communicator introduces itself with its first task.
template <typename Task>
void LearnComm(CommEntry* comm, const Task& task, int rank) {
  uint64_t unknown = 0;
  if (!comm->hash.compare_exchange_strong(unknown, task.commHash, std::memory_order_relaxed)) return;
  comm->rank.store(rank, std::memory_order_relaxed);
  const char* const name = task.name == nullptr ? "" : task.name;
  for (size_t i = 0; name[i] != '\0' && i + 1 < sizeof(comm->name); ++i) comm->name[i] = name[i];
}

// A name since version 2, a number of NCCL's ncclFunc_t before.
const char* FunctionName(const char* name) { return name == nullptr ? "" : name; }
const char* FunctionName(uint8_t number) {
  static constexpr const char* kNames[] = {"Broadcast", "Reduce",   "AllGather", "ReduceScatter",
                                           "AllReduce", "SendRecv", "Send",      "Recv"};
  return number < std::size(kNames) ? kNames[number] : "";
}

template <int V>
void* StartTask(CommEntry* comm, const typename Abi<V>::Descr& descr) {
  transport::OperationIdentity identity;
  if (descr.type == kColl) {
    if constexpr (V <= 3) LearnComm(comm, descr.coll, descr.rank);
    identity = {FunctionName(descr.coll.func), descr.coll.count, descr.coll.seqNumber, descr.coll.root};
  } else {
    if constexpr (V <= 3) LearnComm(comm, descr.p2p, descr.rank);
    identity = {FunctionName(descr.p2p.func), descr.p2p.count, 0, descr.p2p.peer};
  }
  const uint32_t number = TheRecorder().BeginOperation(comm, identity, Now());
  return number == 0 ? nullptr : Handle::OfOperation(number).ToPointer();
}

template <int V>
void* StartTransfer(CommEntry* comm, const typename Abi<V>::Descr& descr) {
  transport::Recorder& recorder = TheRecorder();
  // NCCL's proxies can work for another process (PXN): its rank counts, not that of this communicator, and
  // its operation is not one of ours.
  const Handle parent = Handle::FromPointer(descr.parentObj);
  const bool ours = descr.proxyOp.pid == recorder.header()->pid && parent.kind == Handle::kOperation;
  const uint32_t operation = ours ? parent.operation : 0;
  LinkEntry* const link =
      recorder.Link(comm, descr.rank, descr.proxyOp.peer, descr.proxyOp.channelId, descr.proxyOp.isSend != 0);
  if (link == nullptr) return nullptr;
  recorder.BeginTransfer(operation);
  return Handle::OfTransfer(recorder.IndexOf(link), operation).ToPointer();
}

template <int V>
void* StartStep(const typename Abi<V>::Descr& descr) {
  transport::Recorder& recorder = TheRecorder();
  const Handle parent = Handle::FromPointer(descr.parentObj);
  if (parent.kind != Handle::kTransfer) return nullptr;
  LinkEntry* const link = recorder.LinkAt(parent.index);
  if (link == nullptr) return nullptr;
  StepSlot* const step = recorder.Begin(link, parent.operation, descr.proxyStep.step, Now());
  return step == nullptr ? nullptr : Handle::OfStep(recorder.IndexOf(step)).ToPointer();
}

template <int V>
ncclResult_t StartEvent(void* context, void** handle, typename Abi<V>::Descr* descr) {
  *handle = nullptr;
  auto* const comm = static_cast<CommEntry*>(context);
  if (comm == nullptr) return ncclSuccess;
  if (descr->type == kProxyStep) *handle = StartStep<V>(*descr);
  if (descr->type == kProxyOp) *handle = StartTransfer<V>(comm, *descr);
  if (descr->type == kColl || descr->type == kP2p) *handle = StartTask<V>(comm, *descr);
  return ncclSuccess;
}

// The end of a task says that it was handed to the proxies, not that it is done: only steps and transfers
// count.
ncclResult_t StopEvent(void* opaque) {
  const Handle handle = Handle::FromPointer(opaque);
  if (handle.kind == Handle::kTransfer) TheRecorder().EndTransfer(handle.operation);
  if (handle.kind != Handle::kStep) return ncclSuccess;
  if (StepSlot* const step = TheRecorder().StepAt(handle.index)) TheRecorder().End(step, Now());
  return ncclSuccess;
}

template <int V>
uint32_t StepBytes(const typename Abi<V>::Args* args) {
  if constexpr (V >= 4) {
    return args == nullptr ? 0 : static_cast<uint32_t>(args->proxyStep.transSize);
  } else {
    return 0;  // told for the whole operation, at its end
  }
}

template <int V>
ncclResult_t RecordState(void* opaque, int state, typename Abi<V>::Args* args) {
  const Handle handle = Handle::FromPointer(opaque);
  if (handle.kind == Handle::kStep) {
    StepSlot* const step = TheRecorder().StepAt(handle.index);
    if (step == nullptr) return ncclSuccess;
    using transport::Recorder;
    if (state == kStepSendWait) Recorder::SetMoving(step, StepBytes<V>(args), Now());
    if (state == kStepRecvWait) Recorder::SetMoving(step, 0, Now());
    if (state == kStepRecvFlushWait) Recorder::SetArrived(step, StepBytes<V>(args), Now());
  }
  if constexpr (V <= 3) {
    const bool done = state == kOpSendDone || state == kOpRecvDone;
    if (handle.kind == Handle::kTransfer && done && args != nullptr) {
      if (LinkEntry* const link = TheRecorder().LinkAt(handle.index))
        TheRecorder().AddBytes(link, args->proxyOp.transSize, Now());
    }
  }
  return ncclSuccess;
}

ncclResult_t Finalize(void* context) {
  if (context != nullptr) static_cast<CommEntry*>(context)->gone_ns.store(Now(), std::memory_order_relaxed);
  return ncclSuccess;
}

ncclResult_t InitUntilV3(void** context, int* mask) {
  *context = OpenComm(mask, 0, -1, 0, "");
  return ncclSuccess;
}

ncclResult_t InitV4(void** context, int* mask, const char* name, uint64_t hash, int, int nranks, int rank,
                    profiler_v4::LoggerFn) {
  *context = OpenComm(mask, hash, rank, nranks, name);
  return ncclSuccess;
}

ncclResult_t InitFromV5(void** context, uint64_t hash, int* mask, const char* name, int, int nranks, int rank,
                        profiler_v5::LoggerFn) {
  *context = OpenComm(mask, hash, rank, nranks, name);
  return ncclSuccess;
}

template <int V>
constexpr typename Abi<V>::Plugin MakePlugin() {
  if constexpr (V <= 3) {
    return {"rankle", InitUntilV3, StartEvent<V>, StopEvent, RecordState<V>, Finalize};
  } else if constexpr (V == 4) {
    return {"rankle", InitV4, StartEvent<V>, StopEvent, RecordState<V>, Finalize};
  } else {
    return {"rankle", InitFromV5, StartEvent<V>, StopEvent, RecordState<V>, Finalize};
  }
}

}  // namespace

#define RANKLE_EXPORT_PLUGIN(version)                                                             \
  extern "C" __attribute__((visibility("default"))) Abi<version>::Plugin ncclProfiler_v##version; \
  Abi<version>::Plugin ncclProfiler_v##version = MakePlugin<version>()
RANKLE_EXPORT_PLUGIN(1);
RANKLE_EXPORT_PLUGIN(2);
RANKLE_EXPORT_PLUGIN(3);
RANKLE_EXPORT_PLUGIN(4);
RANKLE_EXPORT_PLUGIN(5);
RANKLE_EXPORT_PLUGIN(6);

}  // namespace rankle::nccl_profiler
