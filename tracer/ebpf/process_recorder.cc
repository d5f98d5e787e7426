#include "tracer/ebpf/process_recorder.h"

#include <nccl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "injector/api/table.h"
#include "tracer/ebpf/probes.h"

namespace rankle::ebpf {

using api::IdOf;
using record::Kind;
using record::NewRecord;
using record::State;
using record::Writer;

namespace {

constexpr int kNotReady = 600;           // cudaErrorNotReady, CUDA_ERROR_NOT_READY: an answer, no error
constexpr int32_t kMostOfOneCall = 256;  // communicators of ncclCommInitAll

bool IsFailure(const api::ApiInfo& info, int result) {
  if (result == 0) return false;
  return info.library == api::Library::kNccl ? result != ncclInProgress : result != kNotReady;
}

// The hashes of injector/hooks/os.h: communicators made under watch have the ids that the hooks give them.
uint64_t Mix(uint64_t a, uint64_t b) {
  uint64_t x = a ^ (b + 0x9e3779b97f4a7c15ull + (a << 6) + (a >> 2));
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdull;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ull;
  return x ^ (x >> 33);
}

uint64_t HashOf(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ull;
  return Mix(hash, 0);
}

template <typename Value>
Value ValueOf(const std::string& bytes, size_t offset = 0) {
  Value value{};
  if (bytes.size() >= offset + sizeof(value)) std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

}  // namespace

ProcessRecorder::ProcessRecorder(record::Writer& writer, LibraryKnowledge& knowledge, ProcessAccess access,
                                 int32_t world_rank, int32_t world_size)
    : writer_(writer),
      access_(std::move(access)),
      communicators_(writer, knowledge, access_.read, access_.now, world_rank, world_size) {}

ProcessRecorder::Thread& ProcessRecorder::ThreadOf(uint32_t id) {
  Thread& thread = threads_[id];
  if (thread.number == 0) thread.number = ++last_thread_ != 0 ? last_thread_ : ++last_thread_;
  return thread;
}

uint32_t ProcessRecorder::StreamNumber(uint64_t stream) {
  // The three spellings of a default stream: null, legacy (1) and per-thread (2).
  if (stream <= 2) return 0;
  return streams_.try_emplace(stream, static_cast<uint32_t>(streams_.size()) + 1).first->second;
}

uint32_t ProcessRecorder::SiteOf(uint64_t address) {
  static thread_local const ProcessRecorder* self = nullptr;
  self = this;
  return writer_.Site(address, [](Writer& writer, record::SiteEntry& site) {
    const uint64_t at = site.address.load(std::memory_order_relaxed);
    const std::optional<CodePlace> place = self->access_.place_of(at);
    if (!place) return;
    site.module_offset = place->offset;
    site.module_name = writer.String(place->module.c_str());
  });
}

NewRecord ProcessRecorder::Describe(const Call& call, Kind kind, const Thread& thread, uint64_t entered_ns) {
  const api::ArgumentIndex& args = call.info().args;
  NewRecord record;
  record.kind = kind;
  record.api = call.api();
  record.entered_ns = entered_ns;
  record.thread = thread.number;
  record.site = SiteOf(call.caller());
  if (args.dtype >= 0) record.dtype = static_cast<uint8_t>(call.Word(args.dtype));
  if (args.redop >= 0)
    record.redop = call.Int(args.redop) < ncclNumOps ? static_cast<uint8_t>(call.Int(args.redop)) : 0xfe;
  if (const int8_t peer = args.peer >= 0 ? args.peer : args.root; peer >= 0) record.peer = call.Int(peer);
  if (call.has_stream()) record.stream = StreamNumber(call.stream());
  return record;
}

record::Record* ProcessRecorder::BeginCall(const Call& call, const Thread& thread,
                                           const Communicator* communicator, uint64_t entered_ns) {
  NewRecord record = Describe(call, Kind::kCall, thread, entered_ns);
  if (communicator != nullptr) record.comm = communicator->index;
  if (call.info().args.bytes >= 0) record.count = call.Word(call.info().args.bytes);
  return writer_.Begin(record, State::kEntered);
}

void ProcessRecorder::BeginOperation(const Call& call, Thread& thread, OpenCall& open) {
  open.communicator = communicators_.Find(call.comm());
  if (open.communicator == nullptr) return;
  const api::ArgumentIndex& args = call.info().args;
  open.operation = std::make_shared<Operation>();
  Operation& operation = *open.operation;
  operation.communicator = open.communicator;
  operation.p2p = call.In(api::kP2p);
  operation.record = Describe(call, Kind::kOperation, thread, open.entered_ns);
  operation.record.count = call.Word(args.count);
  if (args.sendbuf >= 0 && args.recvbuf >= 0 && call.Word(args.sendbuf) == call.Word(args.recvbuf))
    operation.record.flags |= record::kFlagInPlace;
  if (thread.depth != 0) {
    operation.record.flags |= record::kFlagGrouped;
    operation.record.group = thread.group;
  }
  communicators_.Enter(open.operation);
}

void ProcessRecorder::BeginCreation(const Call& call, Thread& thread, OpenCall& open) {
  int32_t rank = -1, nranks = -1, color = -1;
  uint64_t id = 0, parent_id = 0, split_number = 0;
  const Communicator* split_parent = nullptr;
  const std::string name = std::exchange(thread.next_name, "");
  if (TakesUniqueId(call.api()) || call.api() == IdOf("ncclCommInitRankScalable")) {
    const bool scalable = !TakesUniqueId(call.api());
    nranks = call.Int(1), rank = call.Int(scalable ? 2 : 3);
    const std::string ids =
        scalable ? access_.read(call.Word(4),
                                sizeof(ncclUniqueId) * static_cast<size_t>(std::clamp(call.Int(3), 0, 64)))
                 : std::string(call.unique_id());
    const uint64_t hash = HashOf(ids);
    id = Mix(hash, UsesOf(Mix(hash, static_cast<uint64_t>(rank))));
    open.out = call.Word(0);
  } else {  // split, shrink, grow
    Communicator* const parent = communicators_.Find(call.comm());
    const bool split = call.api() == IdOf("ncclCommSplit"), grow = call.api() == IdOf("ncclCommGrow");
    parent_id = parent != nullptr ? parent->id : 0;
    const uint64_t number = parent != nullptr ? parent->children++ : 0;
    split_parent = split ? parent : nullptr, split_number = number;
    color = split ? call.Int(1) : -1;
    open.out = call.Word(grow ? 4 : 3);
    id = Mix(Mix(parent_id, number), split ? static_cast<uint32_t>(color) : call.api());
    if (split && color == NCCL_SPLIT_NOCOLOR) {  // it takes part and gets nothing
      open.record = BeginCall(call, thread, parent, open.entered_ns);
      if (parent != nullptr) communicators_.NoteSplit(*parent, number, color, call.Int(2), nullptr);
      return;
    }
  }
  open.communicator = communicators_.Announce(id, parent_id, rank, nranks, color, name, open.entered_ns);
  if (split_parent != nullptr)
    communicators_.NoteSplit(*split_parent, split_number, color, call.Int(2), open.communicator);
  open.record = BeginCall(call, thread, open.communicator, open.entered_ns);
}

void ProcessRecorder::BeginEnd(const Call& call, Thread& thread, OpenCall& open) {
  open.communicator = communicators_.Find(call.comm());
  if (open.communicator != nullptr) {
    record::CommEntry* const entry = communicators_.entry(*open.communicator);
    if (entry != nullptr && entry->teardown_entered_ns.load() == 0) {
      entry->teardown_entered_ns.store(open.entered_ns);
      entry->state.store(static_cast<uint32_t>(record::CommState::kFinalizing));
    }
  }
  open.record = BeginCall(call, thread, open.communicator, open.entered_ns);
  // The handle may be given to a new communicator as soon as the call has freed it.
  if (call.api() == IdOf("ncclCommAbort") || call.api() == IdOf("ncclCommDestroy"))
    communicators_.Forget(call.comm());
}

void ProcessRecorder::OnEnter(const Call& call, uint64_t entered_ns) {
  Thread& thread = ThreadOf(call.thread());
  if (thread.open && thread.open->record != nullptr)  // left by an exception: nobody saw it return
    Writer::SetState(thread.open->record, State::kDone);
  OpenCall open;
  open.info = &call.info();
  open.entered_ns = entered_ns;
  if (call.IsOperation()) {
    BeginOperation(call, thread, open);
  } else if (call.In(api::kCommInit) && call.api() != IdOf("ncclCommInitAll")) {
    BeginCreation(call, thread, open);
  } else if (call.In(api::kCommEnd)) {
    BeginEnd(call, thread, open);
  } else if (call.api() != IdOf("ncclGroupStart")) {
    open.out = open.first = call.Word(0), open.count = call.Int(1);
    open.record = BeginCall(call, thread, nullptr, entered_ns);
    if (open.record != nullptr && call.api() == IdOf("ncclGroupEnd")) open.record->group = thread.group;
  }
  thread.open = std::move(open);
}

void ProcessRecorder::EndCreation(Thread& thread, const OpenCall& open, uint64_t handle, int result,
                                  uint64_t now_ns) {
  if (open.communicator == nullptr) return;
  if (IsFailure(*open.info, result)) return communicators_.MarkFailed(open.communicator);
  if (thread.depth != 0) {
    thread.creations.push_back({open.communicator, open.out});
  } else if (handle == 0) {
    communicators_.MarkFailed(open.communicator);
  } else {
    communicators_.Bind(open.communicator, handle, result == ncclSuccess, now_ns);
  }
}

void ProcessRecorder::EndGroup(Thread& thread, const OpenCall& open, int result, uint64_t now_ns) {
  if (thread.depth > 0) --thread.depth;
  if (thread.depth != 0) return;
  const bool failed = IsFailure(*open.info, result);
  for (const std::shared_ptr<Operation>& operation : thread.operations) {
    const uint32_t stream = operation->record.stream;
    operation->returned_ns = now_ns;
    communicators_.SetState(*operation, failed ? State::kFailed : progress_.StateOf(stream));
    if (!failed) progress_.Add(stream, operation);
  }
  for (const GroupedCreation& creation : thread.creations) {
    const auto handle = failed ? 0 : ValueOf<uint64_t>(access_.read(creation.out, sizeof(uint64_t)));
    if (handle == 0)
      communicators_.MarkFailed(creation.communicator);
    else
      communicators_.Bind(creation.communicator, handle, result == ncclSuccess, now_ns);
  }
  thread.operations.clear(), thread.creations.clear();
  thread.group = 0;
}

void ProcessRecorder::EndOfCommunicator(const OpenCall& open, bool failed, uint64_t now_ns) {
  const uint16_t api = open.info->id;
  const bool cuts_off = api == IdOf("ncclCommAbort") || api == IdOf("ncclCommRevoke");
  const bool frees = api == IdOf("ncclCommAbort") || api == IdOf("ncclCommDestroy");
  record::CommEntry* const entry =
      open.communicator == nullptr ? nullptr : communicators_.entry(*open.communicator);
  if (entry == nullptr || failed) return;
  if (frees) entry->gone_ns.store(now_ns);
  if (frees || cuts_off)
    entry->state.store(
        static_cast<uint32_t>(cuts_off ? record::CommState::kAborted : record::CommState::kDestroyed));
}

void ProcessRecorder::OnAsyncError(uint64_t handle, int error, const Thread& thread, uint64_t now_ns) {
  const Communicator* const communicator = communicators_.Find(handle);
  record::CommEntry* const entry = communicator == nullptr ? nullptr : communicators_.entry(*communicator);
  if (entry == nullptr || entry->async_error.load() != 0) return;
  entry->async_error.store(static_cast<uint32_t>(error));
  NewRecord record;
  record.kind = Kind::kAsyncError;
  record.entered_ns = now_ns;
  record.api = IdOf("ncclCommGetAsyncError");
  record.comm = communicator->index;
  record.thread = thread.number;
  record.result = record::ClipResult(error);
  writer_.Write(record);
}

// A call of which only the answer was told.
void ProcessRecorder::OnAnswer(const api::ApiInfo& info, const rankle_return_event& event) {
  const uint64_t first = event.arguments[0];
  switch (info.id) {
    case IdOf("ncclCommGetAsyncError"):
      return OnAsyncError(first, static_cast<int>(event.out), ThreadOf(event.event.thread),
                          event.event.time_ns);
    case IdOf("cudaStreamQuery"):
    case IdOf("cuStreamQuery"):
      return progress_.Done(StreamNumber(first), event.entered_ns);
    case IdOf("cudaEventQuery"):
    case IdOf("cuEventQuery"):
      return progress_.EventDone(first);
    default:  // an event was recorded
      return progress_.Mark(first, StreamNumber(event.arguments[1]), event.entered_ns);
  }
}

// A call that waits for the device came back.
void ProcessRecorder::OnWaited(const OpenCall& open) {
  switch (open.info->id) {
    case IdOf("cudaStreamSynchronize"):
    case IdOf("cuStreamSynchronize"):
      return progress_.Done(StreamNumber(open.first), open.entered_ns);
    case IdOf("cudaEventSynchronize"):
    case IdOf("cuEventSynchronize"):
      return progress_.EventDone(open.first);
    case IdOf("cudaDeviceSynchronize"):
    case IdOf("cuCtxSynchronize"):
      return progress_.AllDone(open.entered_ns);
    default:
      return;
  }
}

void ProcessRecorder::OnReturn(const api::ApiInfo& info, const rankle_return_event& event) {
  if (CookieOf(info).tell != RANKLE_TELL_BOTH) return OnAnswer(info, event);
  Thread& thread = ThreadOf(event.event.thread);
  if (!thread.open || thread.open->info != &info) return;  // its entry was lost, and counted
  const OpenCall open = *std::move(thread.open);
  thread.open.reset();
  const uint64_t now_ns = event.event.time_ns;
  const auto result = static_cast<int>(event.event.value);
  const bool failed = IsFailure(info, result);
  Writer::SetReturned(open.record, now_ns, result, failed ? State::kFailed : State::kDone);

  if (open.operation != nullptr) {
    const bool grouped = thread.depth != 0 && !failed;
    const uint32_t stream = open.operation->record.stream;
    const State state = failed ? State::kFailed : grouped ? State::kEntered : progress_.StateOf(stream);
    communicators_.Return(*open.operation, now_ns, result, state, failed);
    if (grouped)
      thread.operations.push_back(open.operation);
    else if (!failed)
      progress_.Add(stream, open.operation);
    return;
  }
  if (info.id == IdOf("ncclGroupStart")) {
    if (!failed && thread.depth++ == 0) thread.group = ++last_group_ != 0 ? last_group_ : ++last_group_;
  } else if (info.id == IdOf("ncclGroupEnd")) {
    EndGroup(thread, open, result, now_ns);
  } else if (info.id == IdOf("ncclCommInitAll")) {
    const uint64_t id =
        Mix(HashOf(writer_.header()->host), open.entered_ns ^ static_cast<uint32_t>(writer_.header()->pid));
    const std::string handles =
        failed ? ""
               : access_.read(open.out, sizeof(uint64_t) *
                                            static_cast<size_t>(std::clamp(open.count, 0, kMostOfOneCall)));
    for (int32_t i = 0; static_cast<size_t>(i) < handles.size() / sizeof(uint64_t); ++i) {
      Communicator* const made = communicators_.Announce(id, 0, i, open.count, -1, "", open.entered_ns);
      if (record::CommEntry* const entry = communicators_.entry(*made)) entry->device = i;
      communicators_.Bind(made, ValueOf<uint64_t>(handles, static_cast<size_t>(i) * sizeof(uint64_t)), true,
                          now_ns);
    }
  } else if ((info.groups & api::kCommInit) != 0) {
    EndCreation(thread, open, event.out, result, now_ns);
  } else if ((info.groups & api::kCommEnd) != 0) {
    EndOfCommunicator(open, failed, now_ns);
  } else if (!failed) {
    OnWaited(open);
  }
}

void ProcessRecorder::OnInjection(const rankle_fault_event& event, int action) {
  NewRecord record;
  record.kind = Kind::kInjection;
  record.api = event.event.api;
  record.entered_ns = event.event.time_ns;
  record.thread = ThreadOf(event.event.thread).number;
  record.peer = static_cast<int32_t>(event.fault);
  record.result = static_cast<uint8_t>(action);
  record.count = event.event.value;
  writer_.Write(record);
}

void ProcessRecorder::OnLifecycle(record::LifecycleEvent event, uint64_t count, uint64_t time_ns) {
  NewRecord record;
  record.kind = Kind::kLifecycle;
  record.api = static_cast<uint16_t>(event);
  record.entered_ns = time_ns;
  record.count = count;
  writer_.Write(record);
}

}  // namespace rankle::ebpf
