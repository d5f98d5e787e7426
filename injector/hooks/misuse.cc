#include "injector/hooks/misuse.h"

#include "injector/api/table.h"
#include "injector/hooks/buffers.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process.h"
#include "injector/hooks/trace.h"

namespace rankle::hooks {

using record::Misuse;
using record::NewRecord;

namespace {

// A loop repeats its mistake: the first time is enough, and the ring is for operations.
PointerMap<uint8_t, 1024> g_seen;

bool IsFirst(const void* caller, Misuse what, uint16_t comm) {
  const uint64_t key =
      HashCombine(reinterpret_cast<uint64_t>(caller), static_cast<uint64_t>(what) << 16 | comm);
  const auto* address = reinterpret_cast<const void*>(key);
  return g_seen.Find(address, 0) == 0 && g_seen.Insert(address, 1);
}

struct Detail {
  uint64_t count = 0;
  uint32_t seq = 0, stream = 0;
  uint16_t group = 0;
  uint8_t flags = 0;
};

void Write(const HookCall& call, Misuse what, uint16_t comm, const Detail& detail) {
  record::Writer& writer = TheProcess().writer;
  if (!writer.is_open() || !IsFirst(call.caller, what, comm)) return;
  NewRecord record = Describe(call, record::Kind::kMisuse, MonotonicNs());
  record.result = static_cast<uint8_t>(what);
  record.comm = comm;
  record.count = detail.count, record.seq = detail.seq, record.stream = detail.stream;
  record.group = detail.group, record.flags = detail.flags;
  writer.Write(record);
}

// The number that an operation takes when it is issued now.
uint32_t NextSequence(const HookCall& call, const Comm* comm) {
  if (comm == nullptr || !call.IsOperation()) return 0;
  return (call.In(api::kP2p) ? comm->p2p_seq : comm->seq).load(std::memory_order_relaxed) + 1;
}

void CheckBuffer(const HookCall& call, const Comm* comm, Buffer buffer, const void* address) {
  const int64_t needed = BufferBytes(call, comm, buffer);
  if (needed <= 0) return;
  const int64_t left = TheAllocations().BytesLeft(address);
  if (left < 0 || needed <= left) [[likely]]
    return;
  const uint64_t beyond = static_cast<uint64_t>(needed - left);
  Detail detail;
  detail.count = static_cast<uint64_t>(needed);
  detail.seq = NextSequence(call, comm);
  detail.stream = beyond < UINT32_MAX ? static_cast<uint32_t>(beyond) : UINT32_MAX;
  detail.flags = buffer == Buffer::kSend ? record::kFlagInput : 0;
  Write(call, Misuse::kPastAllocation, comm != nullptr ? comm->index : record::kNoComm, detail);
}

}  // namespace

void CheckHandle(const HookCall& call, const Comm* comm) {
  if (comm == nullptr) {
    const uint32_t freed = TheProcess().comms.FreedWith(call.comm());
    if (freed != 0) Write(call, Misuse::kCommGone, static_cast<uint16_t>(freed - 1), {});
    return;
  }
  const uint16_t api = call.info->id;
  const bool may_interrupt = api == api::IdOf("ncclCommAbort") || api == api::IdOf("ncclCommRevoke");
  if (may_interrupt || !comm->in_progress.load(std::memory_order_relaxed)) return;
  Detail detail;
  detail.seq = NextSequence(call, comm);
  Write(call, Misuse::kCommNotReady, comm->index, detail);
}

void CheckBuffers(const HookCall& call, const Comm* comm) {
  const api::ArgumentIndex& args = call.info->args;
  if (args.sendbuf >= 0) CheckBuffer(call, comm, Buffer::kSend, call.sendbuf());
  if (args.recvbuf >= 0) CheckBuffer(call, comm, Buffer::kReceive, call.recvbuf());
}

void NoteBlockedInGroup(const HookCall& call, const ThreadState& thread) {
  const GroupedOperation& first = thread.operation[0];
  Detail detail;
  detail.count = thread.operations;
  detail.group = thread.group;
  detail.seq = first.record->seq;
  detail.stream = first.record->api;
  Write(call, Misuse::kBlockedInGroup, first.comm != nullptr ? first.comm->index : record::kNoComm, detail);
}

void NoteGroupNotStarted(const HookCall& call) { Write(call, Misuse::kGroupNotStarted, record::kNoComm, {}); }

void NoteGroupLeftOpen(const ThreadState& thread, int32_t exit_status) {
  if (thread.group_depth == 0 || !IsStarted()) return;
  record::Writer& writer = TheProcess().writer;
  if (!writer.is_open()) return;
  NewRecord record;
  record.kind = record::Kind::kMisuse;
  record.result = static_cast<uint8_t>(Misuse::kGroupLeftOpen);
  record.api = api::IdOf("ncclGroupStart");
  record.entered_ns = MonotonicNs();
  record.count = thread.operations;
  if (thread.operations != 0) {
    const GroupedOperation& first = thread.operation[0];
    if (first.comm != nullptr) record.comm = first.comm->index;
    record.seq = first.record->seq;
    record.stream = first.record->api;
  }
  record.peer = exit_status;
  record.group = thread.group;
  record.thread = thread.number;
  record.site = SiteOf(thread.group_opened_by);
  writer.Write(record);
}

void ResetMisuse() { g_seen.Clear(); }

}  // namespace rankle::hooks
