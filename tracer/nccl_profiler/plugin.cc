// librankle-nccl-profiler.so: NCCL's profiler plugin, versions 1 to 6 in one library. NCCL loads it
// (NCCL_PROFILER_PLUGIN) and tells it of every step of every transfer that its proxy threads carry; the steps
// go into the transport record (tracer/transport/format.h).
//
// The rules of docs/hooks.md hold: on the path of a step no lock, no allocation, no logging, no system call
// but reading the clock. The handle of a proxy operation is its link's entry, that of a step its slot: no
// table of our own is searched. Nothing here can fail an operation of NCCL: what cannot be recorded is
// counted.
//
// What NCCL does not tell: transfers that need no proxy (peer-to-peer over NVLink or shared memory).
#include <atomic>

#include "tracer/nccl_profiler/abi_traits.h"
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
  if (comm != nullptr) __atomic_store_n(mask, static_cast<int>(kProxyOp | kProxyStep), __ATOMIC_RELAXED);
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

template <int V>
ncclResult_t StartEvent(void* context, void** handle, typename Abi<V>::Descr* descr) {
  *handle = nullptr;
  auto* const comm = static_cast<CommEntry*>(context);
  if (comm == nullptr) return ncclSuccess;
  transport::Recorder& recorder = TheRecorder();
  if (descr->type == kProxyStep) {
    LinkEntry* const link = recorder.AsLink(descr->parentObj);
    if (link != nullptr) *handle = recorder.Begin(link, descr->proxyStep.step, Now());
  } else if (descr->type == kProxyOp) {
    // NCCL's proxies can work for another process (PXN): its rank counts, not that of this communicator.
    *handle = recorder.Link(comm, descr->rank, descr->proxyOp.peer, descr->proxyOp.channelId,
                            descr->proxyOp.isSend != 0);
  }
  if constexpr (V <= 3) {
    if (descr->type == kColl) LearnComm(comm, descr->coll, descr->rank);
    if (descr->type == kP2p) LearnComm(comm, descr->p2p, descr->rank);
  }
  return ncclSuccess;
}

ncclResult_t StopEvent(void* handle) {
  if (handle == nullptr) return ncclSuccess;
  transport::Recorder& recorder = TheRecorder();
  if (StepSlot* const step = recorder.AsStep(handle)) recorder.End(step, Now());
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
ncclResult_t RecordState(void* handle, int state, typename Abi<V>::Args* args) {
  if (handle == nullptr) return ncclSuccess;
  transport::Recorder& recorder = TheRecorder();
  if (StepSlot* const step = recorder.AsStep(handle)) {
    if (state == kStepSendWait) recorder.SetMoving(step, StepBytes<V>(args), Now());
    if (state == kStepRecvWait) recorder.SetMoving(step, 0, Now());
    if (state == kStepRecvFlushWait) recorder.SetArrived(step, StepBytes<V>(args), Now());
    return ncclSuccess;
  }
  if constexpr (V <= 3) {
    if ((state == kOpSendDone || state == kOpRecvDone) && args != nullptr) {
      if (LinkEntry* const link = recorder.AsLink(handle))
        recorder.AddBytes(link, args->proxyOp.transSize, Now());
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
