#include "injector/hooks/trace.h"

#include <dlfcn.h>

#include "injector/hooks/captures.h"
#include "injector/hooks/handlers.h"
#include "injector/hooks/misuse.h"
#include "injector/hooks/os.h"
#include "injector/hooks/steps.h"

namespace rankle::hooks {

using record::Kind;
using record::NewRecord;
using record::Record;
using record::State;
using record::Writer;

namespace {

// Runs once for each new call site.
void Symbolise(Writer& writer, record::SiteEntry& site) {
  Dl_info info;
  const uint64_t address = site.address.load(std::memory_order_relaxed);
  if (dladdr(reinterpret_cast<void*>(address), &info) == 0) return;
  site.module_offset = address - reinterpret_cast<uint64_t>(info.dli_fbase);
  site.module_name = writer.String(info.dli_fname);
  if (info.dli_sname != nullptr) site.symbol_name = writer.String(info.dli_sname);
}

// Is the data received where it is sent from? (Rank-dependent in-place rules are the analyzer's to work out.)
bool IsInPlace(const HookCall& call) {
  return call.info->args.sendbuf >= 0 && call.info->args.recvbuf >= 0 && call.sendbuf() == call.recvbuf();
}

// A call that failed enqueued nothing: its number goes to the next one, as in NCCL's own counting.
void ReturnSequence(const HookCall& call, Comm* comm, uint32_t seq) {
  if (comm == nullptr) return;
  uint32_t expected = seq;
  const bool p2p = call.In(api::kP2p);
  if (!comm->counter(p2p).compare_exchange_strong(expected, seq - 1, std::memory_order_relaxed)) return;
  if (record::CommEntry* entry = TheProcess().writer.comm(comm->index)) {
    (p2p ? entry->last_p2p_seq : entry->last_seq).store(seq - 1, std::memory_order_relaxed);
  }
}

int TraceCaptured(HookCall& call, Comm* comm, uint64_t capture) {
  NewRecord record = DescribeOperation(call, comm, 0);  // it runs when the graph does, and is numbered then
  record.flags |= record::kFlagCaptured;
  const int result = call.Invoke();
  const bool failed = call.Failed(result);
  Record* written = TheProcess().writer.Begin(record, State::kEntered);
  Writer::SetReturned(written, MonotonicNs(), result, failed ? State::kFailed : State::kUntracked);
  if (!failed) {
    AddCaptured(capture, {record.api, call.In(api::kP2p), record.dtype, record.redop, record.peer,
                          record.count, comm, record.site, nullptr});
  }
  return result;
}

int TraceGrouped(HookCall& call, Comm* comm, ThreadState* thread) {
  const uint32_t seq = TakeSequence(call.In(api::kP2p), comm);
  NewRecord record = DescribeOperation(call, comm, seq);
  record.flags |= record::kFlagGrouped;
  record.group = thread->group;
  Record* written = TheProcess().writer.Begin(record, State::kEntered);
  const int result = call.Invoke();
  if (call.Failed(result)) {
    ReturnSequence(call, comm, seq);
    Writer::SetReturned(written, MonotonicNs(), result, State::kFailed);
    return result;
  }
  const bool room = thread->operations < ThreadState::kMaxOperations;
  if (room && written != nullptr) {
    GroupedOperation& operation = thread->operation[thread->operations++];
    operation = {written, comm, call.stream(), {}};
    if (IsSampled(seq) && comm != nullptr && call.In(api::kCollective)) [[unlikely]]
      operation.sampled = DescribeSample(call, comm, seq);
  }
  // Until the group ends nothing is enqueued: the operation stays "entered".
  Writer::SetReturned(written, MonotonicNs(), result, room ? State::kEntered : State::kUntracked);
  return result;
}

}  // namespace

uint32_t TakeSequence(bool p2p, Comm* comm) {
  if (comm == nullptr) return 0;
  const uint32_t seq = comm->counter(p2p).fetch_add(1, std::memory_order_relaxed) + 1;
  if (record::CommEntry* entry = TheProcess().writer.comm(comm->index)) {
    (p2p ? entry->last_p2p_seq : entry->last_seq).store(seq, std::memory_order_relaxed);
  }
  return seq;
}

NewRecord DescribeOperation(const HookCall& call, Comm* comm, uint32_t seq) {
  NewRecord record = Describe(call, Kind::kOperation, MonotonicNs());
  record.count = call.count();
  record.seq = seq;
  record.comm = comm != nullptr ? comm->index : record::kNoComm;
  if (IsInPlace(call)) record.flags |= record::kFlagInPlace;
  return record;
}

uint32_t SiteOf(const void* caller) {
  return TheProcess().writer.Site(reinterpret_cast<uint64_t>(caller), Symbolise);
}

NewRecord Describe(const HookCall& call, Kind kind, uint64_t now_ns) {
  NewRecord record;
  record.kind = kind;
  record.api = call.info->id;
  record.entered_ns = now_ns;
  if (call.info->args.dtype >= 0) record.dtype = static_cast<uint8_t>(call.dtype());
  if (call.info->args.redop >= 0)
    record.redop = call.redop() < ncclNumOps ? static_cast<uint8_t>(call.redop()) : 0xfe;
  const int peer = call.info->args.peer >= 0 ? call.peer() : call.root();
  record.peer = peer < 0 ? record::kNoPeer : peer;
  if (call.has_stream()) record.stream = StreamNumber(call.stream());
  if (const ThreadState* thread = CurrentThread()) record.thread = thread->number;
  record.site = SiteOf(call.caller);
  return record;
}

Record* BeginCallRecord(const HookCall& call, uint16_t comm_index) {
  Process& process = TheProcess();
  if (!process.writer.is_open()) return nullptr;
  NewRecord record = Describe(call, Kind::kCall, MonotonicNs());
  record.comm = comm_index;
  if (call.bytes() > 0) record.count = static_cast<uint64_t>(call.bytes());
  return process.writer.Begin(record, State::kEntered);
}

void FinishCallRecord(const HookCall& call, Record* record, int result) {
  if (record == nullptr) return;
  Writer::SetReturned(record, MonotonicNs(), result, call.Failed(result) ? State::kFailed : State::kDone);
}

namespace {

uint16_t CommIndexOf(const HookCall& call) {
  const Comm* comm = TheProcess().comms.Find(call.comm());
  return comm != nullptr ? comm->index : record::kNoComm;
}

}  // namespace

void RecordFailedByFault(const HookCall& call, int result) {
  if (!call.Failed(result)) return;
  Process& process = TheProcess();
  if (!call.IsOperation()) {
    FinishCallRecord(call, BeginCallRecord(call, CommIndexOf(call)), result);
    return;
  }
  Comm* comm = process.comms.Find(call.comm());
  const uint32_t seq =
      comm != nullptr ? comm->counter(call.In(api::kP2p)).load(std::memory_order_relaxed) + 1 : 0;
  NewRecord record = DescribeOperation(call, comm, seq);
  const ThreadState* thread = CurrentThread();
  if (thread != nullptr && thread->group_depth != 0) {
    record.flags |= record::kFlagGrouped;
    record.group = thread->group;
  }
  Writer::SetReturned(process.writer.Begin(record, State::kEntered), MonotonicNs(), result, State::kFailed);
}

void RecordInjection(const HookCall& call, const plan::Decision& decision) {
  NewRecord record = Describe(call, Kind::kInjection, MonotonicNs());
  record.comm = CommIndexOf(call);
  record.peer = decision.fault;
  record.result = static_cast<uint8_t>(decision.action);
  record.count = decision.call;
  TheProcess().writer.Write(record);
}

void RecordGraphReplay(const HookCall& call, const void* graph, uint64_t entered_ns, Span* span) {
  Process& process = TheProcess();
  const uint64_t now = MonotonicNs();
  const uint32_t stream = StreamNumber(call.stream());
  const ThreadState* thread = CurrentThread();
  for (const CapturedOperation* at = OperationsOf(graph); at != nullptr; at = at->next) {
    NewRecord record;
    record.kind = Kind::kOperation;
    record.api = at->api;
    record.entered_ns = entered_ns;
    record.count = at->count;
    record.dtype = at->dtype;
    record.redop = at->redop;
    record.peer = at->peer;
    record.stream = stream;
    record.site = at->site;
    record.thread = thread != nullptr ? thread->number : 0;
    record.flags = record::kFlagGraphReplay;
    if (at->comm != nullptr) record.comm = at->comm->index;
    record.seq = TakeSequence(at->p2p, at->comm);
    Record* written = process.writer.Begin(record, State::kEntered);
    Writer::SetReturned(written, now, 0, span != nullptr ? State::kEnqueued : State::kUntracked);
    if (span == nullptr || written == nullptr) continue;
    process.times.Hold(span);
    process.times.Watch(span, written, at->comm, stream);
  }
}

int TraceOperation(HookCall& call) {
  Process& process = TheProcess();
  Comm* comm = process.comms.Find(call.comm());
  ObserveStep(call, comm);
  CheckOperation(call, comm);
  ThreadState* thread = CurrentThread();
  if (const uint64_t capture = CaptureOf(call.stream())) return TraceCaptured(call, comm, capture);
  if (thread != nullptr && thread->group_depth != 0) return TraceGrouped(call, comm, thread);

  const uint32_t seq = TakeSequence(call.In(api::kP2p), comm);
  const NewRecord record = DescribeOperation(call, comm, seq);
  Record* written = process.writer.Begin(record, State::kEntered);
  const cudaStream_t stream = call.stream();
  if (IsSampled(seq) && comm != nullptr && call.In(api::kCollective)) [[unlikely]] {
    SampleInput(DescribeSample(call, comm, seq));
    call.sampled_seq = seq;  // the result: after the faults that act on it (RunHook)
  }
  Span* span =
      written == nullptr
          ? nullptr
          : process.times.Start(stream, comm != nullptr ? comm->device.load(std::memory_order_relaxed) : -1);
  const int result = call.Invoke();
  if (call.Failed(result)) {
    call.sampled_seq = 0;
    if (span != nullptr) process.times.Cancel(span);
    ReturnSequence(call, comm, seq);
    Writer::SetReturned(written, MonotonicNs(), result, State::kFailed);
    return result;
  }
  if (result == ncclInProgress) NoteInProgress(comm);
  if (span != nullptr && !process.times.End(span, stream)) span = nullptr;
  Writer::SetReturned(written, MonotonicNs(), result, span != nullptr ? State::kEnqueued : State::kUntracked);
  if (span != nullptr) process.times.Watch(span, written, comm, record.stream);
  return result;
}

int TraceBlocking(HookCall& call) {
  CheckBlocking(call);
  Record* record = BeginCallRecord(call, CommIndexOf(call));
  const int result = call.Invoke();
  FinishCallRecord(call, record, result);
  return result;
}

int TracePlain(HookCall& call) {
  if (BeginsStep(call)) [[unlikely]]
    return TraceBlocking(call);
  const int result = call.Invoke();
  if (call.Failed(result)) [[unlikely]]
    RecordFailedByFault(call, result);
  return result;
}

int OnDeviceCount(HookCall& call) {
  const int result = call.Invoke();
  const bool none = result == cudaErrorNoDevice || result == cudaErrorInsufficientDriver;
  if (call.Failed(result) && !none) [[unlikely]]
    RecordFailedByFault(call, result);
  return result;
}

int PassOn(HookCall& call) { return call.Invoke(); }

}  // namespace rankle::hooks
