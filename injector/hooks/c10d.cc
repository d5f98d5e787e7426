#include "injector/hooks/c10d.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "injector/api/table.h"
#include "injector/hooks/creations.h"
#include "injector/hooks/dlsym.h"
#include "injector/hooks/os.h"
#include "injector/hooks/pointer_map.h"
#include "injector/hooks/run.h"
#include "injector/hooks/steps.h"
#include "injector/hooks/trace.h"

namespace rankle::hooks {

using record::CommEntry;
using record::CommState;
using record::NewRecord;
using record::Record;
using record::State;
using record::Writer;

namespace {

// An operation between its call and its end. Threads of the group finish it, perhaps before the call returns:
// `holders` counts the call and every piece of work that it handed out; who lets go last closes the record.
struct Pending {
  std::atomic<bool> used{false};
  std::atomic<Record*> record{nullptr};
  std::atomic<int> holders{0};
  std::atomic<uint64_t> started_ns{0}, finished_ns{0};
  std::atomic<bool> failed{false};
  bool handed_out = false;  // to the threads of the group: the record says "returned"
  uint16_t api = 0, comm = 0;
};

// More than a bucketed reducer has in flight; what finds no place is recorded without its end.
constexpr uint32_t kMostPending = 4096;
constinit Pending g_pending[kMostPending];
std::atomic<uint32_t> g_next{0};
constinit PointerMap<Pending*, 2 * kMostPending> g_by_work;

// What this thread's innermost call is about.
constinit thread_local Pending* t_pending __attribute__((tls_model("initial-exec"))) = nullptr;

Pending* Acquire(Record* record, const NewRecord& described) {
  if (record == nullptr) return nullptr;
  for (uint32_t tries = 0; tries < kMostPending; ++tries) {
    Pending& pending = g_pending[g_next.fetch_add(1, std::memory_order_relaxed) % kMostPending];
    bool used = false;
    if (!pending.used.compare_exchange_strong(used, true, std::memory_order_acquire)) continue;
    pending.record.store(record, std::memory_order_relaxed);
    pending.holders.store(1, std::memory_order_relaxed);
    pending.started_ns.store(0, std::memory_order_relaxed);
    pending.finished_ns.store(0, std::memory_order_relaxed);
    pending.failed.store(false, std::memory_order_relaxed);
    pending.handed_out = false;
    pending.api = described.api;
    pending.comm = described.comm;
    return &pending;
  }
  return nullptr;
}

// Gloo says only that it failed; nearly always because the other side went away or did not come in time.
void RecordError(const Pending& pending) {
  Process& process = TheProcess();
  if (CommEntry* entry = process.writer.comm(pending.comm)) {
    uint32_t none = 0;
    entry->async_error.compare_exchange_strong(none, ncclRemoteError, std::memory_order_relaxed);
  }
  NewRecord record;
  record.kind = record::Kind::kAsyncError;
  record.entered_ns = MonotonicNs();
  record.api = pending.api;
  record.comm = pending.comm;
  record.result = ncclRemoteError;
  process.writer.Write(record);
}

void Release(Pending* pending) {
  if (pending == nullptr || pending->holders.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  Record* record = pending->record.load(std::memory_order_relaxed);
  const uint64_t finished = pending->finished_ns.load(std::memory_order_relaxed);
  const uint64_t started = pending->started_ns.load(std::memory_order_relaxed);
  if (pending->failed.load(std::memory_order_relaxed)) {
    Writer::SetState(record, State::kAborted);
    RecordError(*pending);
  } else if (finished != 0) {
    Writer::SetDeviceTimes(record, started != 0 ? started : record->entered_ns, finished);
  } else {
    Writer::SetState(record, State::kUntracked);  // done in a way that is not seen
  }
  pending->used.store(false, std::memory_order_release);
}

// A call that threw on its way never came back to close its record.
void CloseAbandoned() {
  Pending* const left = t_pending;
  t_pending = nullptr;
  if (left == nullptr) return;
  if (!left->handed_out) {
    Writer::SetReturned(left->record.load(std::memory_order_relaxed), MonotonicNs(), ncclInvalidArgument,
                        State::kFailed);
    left->used.store(false, std::memory_order_release);
    return;
  }
  Release(left);
}

// ---- What is known of an operation

using TellNumber = int (*)(const void* tensor, int64_t* number);
using TellType = int (*)(const void* tensor, int32_t* type);

// c10::ScalarType as a data type of NCCL; -1 = none. Its numbers are part of saved files: they do not change.
int DataTypeOf(int32_t scalar_type) {
  switch (scalar_type) {
    case 0:   // Byte
    case 11:  // Bool
      return ncclUint8;
    case 1:
      return ncclInt8;
    case 3:
      return ncclInt32;
    case 4:
      return ncclInt64;
    case 5:
      return ncclFloat16;
    case 6:
      return ncclFloat32;
    case 7:
      return ncclFloat64;
    case 15:
      return ncclBfloat16;
    default:
      return -1;
  }
}

struct Payload {
  size_t count = 0;
  int dtype = -1;
};

// at::Tensor is one pointer, and handed to PyTorch's C functions by its address.
Payload PayloadOf(const void* const* begin, const void* const* end) {
  static constinit std::atomic<void*> number_slot{nullptr}, type_slot{nullptr};
  const auto tell_number = TorchFunction<TellNumber>(number_slot, "aoti_torch_get_numel");
  const auto tell_type = TorchFunction<TellType>(type_slot, "aoti_torch_get_dtype");
  Payload payload;
  if (tell_number == nullptr || tell_type == nullptr) return payload;
  for (const void* const* tensor = begin; tensor != end; ++tensor) {
    int64_t number = 0;
    int32_t type = -1;
    if (*tensor == nullptr || tell_number(tensor, &number) != 0 || tell_type(tensor, &type) != 0) continue;
    payload.count += static_cast<size_t>(number);
    payload.dtype = DataTypeOf(type);
  }
  return payload;
}

Payload PayloadOf(const C10dOperation& operation, const C10dCall& call) {
  struct List {
    const void* const* begin;
    const void* const* end;
  };
  const auto of_list = [](const void* list) {
    const auto* tensors = static_cast<const List*>(list);
    return PayloadOf(tensors->begin, tensors->end);
  };
  const auto of_tensor = [](const void* tensor) {
    const auto* one = static_cast<const void* const*>(tensor);
    return PayloadOf(one, one + 1);
  };
  switch (operation.tensors) {
    case TensorPlace::kFirstList:
      return of_list(call.arguments[0]);
    case TensorPlace::kSecondList:
      return of_list(call.arguments[1]);
    case TensorPlace::kFirstTensor:
      return of_tensor(call.arguments[0]);
    case TensorPlace::kSecondTensor:
      return of_tensor(call.arguments[1]);
    default:
      return {};
  }
}

int PeerOf(const C10dOperation& operation, const C10dCall& call) {
  switch (operation.peer) {
    case PeerPlace::kRootInSecond:
      return static_cast<int>(*static_cast<const int64_t*>(call.arguments[1]));
    case PeerPlace::kRootInThird:
      return static_cast<int>(*static_cast<const int64_t*>(call.arguments[2]));
    case PeerPlace::kPeerIsSecond:
      return static_cast<int>(reinterpret_cast<intptr_t>(call.arguments[1]));
    default:
      return -1;
  }
}

// The arguments of the operation of NCCL that it is, for plans and records.
struct ToldArguments {
  const void* sendbuf = nullptr;
  void* recvbuf = nullptr;
  size_t count = 0;
  int dtype = -1, redop = -1, peer = -1;
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;
};

struct ToldCall {
  const C10dOperation* operation;
  C10dFunction real;
  C10dCall* call;
  ToldArguments told;
  void* addresses[16] = {};
  void* returned = nullptr;

  void Lay(int position, void* value) {
    if (position >= 0) addresses[position] = value;
  }
  void LayAll(const api::ArgumentIndex& at) {
    Lay(at.sendbuf, &told.sendbuf), Lay(at.recvbuf, &told.recvbuf), Lay(at.count, &told.count);
    Lay(at.dtype, &told.dtype), Lay(at.redop, &told.redop), Lay(at.root, &told.peer);
    Lay(at.peer, &told.peer), Lay(at.comm, &told.comm), Lay(at.stream, &told.stream);
  }
};

void* CallReal(C10dFunction real, const C10dCall& call) {
  return real(call.result, call.group, call.arguments[0], call.arguments[1], call.arguments[2],
              call.arguments[3], call.arguments[4]);
}

int TraceC10d(HookCall& call) {
  Process& process = TheProcess();
  auto& frame = *static_cast<ToldCall*>(call.frame);
  Comm* comm = process.comms.Find(call.comm());
  ObserveStep(call, comm);
  const bool p2p = call.In(api::kP2p);
  const NewRecord described = DescribeOperation(call, comm, TakeSequence(p2p, comm));
  Record* record = process.writer.Begin(described, State::kEntered);
  CloseAbandoned();
  Pending* pending = Acquire(record, described);
  t_pending = pending;
  call.Invoke();
  t_pending = nullptr;
  if (pending == nullptr) {
    Writer::SetReturned(record, MonotonicNs(), 0, State::kUntracked);
    return 0;
  }
  if (!pending->handed_out) {
    Writer::SetReturned(record, MonotonicNs(), 0, State::kEnqueued);
    void* const work = *static_cast<void**>(frame.call->result);
    if (p2p && work != nullptr) {
      pending->holders.fetch_add(1, std::memory_order_relaxed);
      // One that nobody waited for, and whose object has gone: its end was not seen.
      Pending* const unseen = g_by_work.Erase(work, nullptr);
      if (!g_by_work.Insert(work, pending)) Release(pending);
      Release(unseen);
    }
  }
  Release(pending);
  return 0;
}

// ---- Process groups

// Set by the agent while its thread makes a group.
struct GroupName {
  uint64_t id = 0;  // 0 = no group is being made
  char name[64] = {};
};
constinit thread_local GroupName t_name __attribute__((tls_model("initial-exec"))) = {};

Comm* Announce(const C10dCreation& creation) {
  Process& process = TheProcess();
  Comm* comm = t_name.id != 0 ? process.comms.Allocate() : nullptr;
  if (comm == nullptr) return nullptr;
  comm->id = t_name.id;
  comm->rank.store(creation.rank, std::memory_order_relaxed);
  comm->size.store(creation.size, std::memory_order_relaxed);
  comm->device.store(-1, std::memory_order_relaxed);
  memcpy(comm->name, t_name.name, sizeof(comm->name));
  comm->index =
      process.writer.AddComm(comm->id, 0, creation.rank, creation.size, -1, -1, comm->name, MonotonicNs());
  return comm;
}

int TraceCreation(HookCall& call) {
  Process& process = TheProcess();
  const auto& creation = *static_cast<C10dCreation*>(call.frame);
  Comm* comm = Announce(creation);
  if (comm == nullptr) return call.Invoke();
  process.comms.Bind(reinterpret_cast<ncclComm_t>(creation.group), comm);
  CommEntry* entry = process.writer.comm(comm->index);
  if (entry != nullptr) entry->handle = reinterpret_cast<uint64_t>(creation.group);
  Record* record = BeginCallRecord(call, comm->index);
  call.Invoke();
  FinishCallRecord(call, record, 0);
  comm->ready.store(true, std::memory_order_relaxed);
  TakeRankFrom(comm);
  if (entry == nullptr) return 0;
  entry->ready_ns.store(MonotonicNs(), std::memory_order_relaxed);
  entry->state.store(static_cast<uint32_t>(CommState::kReady), std::memory_order_relaxed);
  return 0;
}

}  // namespace

void* FindInTorch(const char* name) {
  const Quiet quiet;
  void* handle = dlopen("libtorch_cpu.so", RTLD_NOLOAD | RTLD_LAZY);
  if (handle == nullptr) return nullptr;
  void* found = NextDlsym(handle, name);
  dlclose(handle);
  return found;
}

void* RunC10d(const C10dOperation& operation, C10dFunction real, C10dCall& call, const void* caller) {
  if (!EnterHook()) return CallReal(real, call);
  // Groups that nobody named (made by C++ code alone) have no identity that the other ranks know.
  if (TheProcess().comms.Find(reinterpret_cast<ncclComm_t>(call.group)) == nullptr) {
    LeaveHook();
    return CallReal(real, call);
  }
  ToldCall frame{.operation = &operation, .real = real, .call = &call, .told = {}};
  const Payload payload = PayloadOf(operation, call);
  frame.told = {.sendbuf = call.group,  // not where it is received: in place is not known
                .count = payload.count,
                .dtype = payload.dtype,
                .peer = PeerOf(operation, call),
                .comm = reinterpret_cast<ncclComm_t>(call.group),
                // What a group does, it does in order: a queue of its own, as a stream of a device is.
                .stream = reinterpret_cast<cudaStream_t>(call.group)};
  frame.LayAll(operation.info->args);
  HookCall hooked;
  hooked.info = operation.info;
  hooked.arguments = frame.addresses;
  hooked.argument_count = static_cast<uint32_t>(std::size(frame.addresses));
  hooked.invoke = [](void* at) {
    auto* self = static_cast<ToldCall*>(at);
    self->returned = CallReal(self->real, *self->call);
    return 0;
  };
  hooked.frame = &frame;
  hooked.caller = caller;
  hooked.arguments_are_told = true;
  RunHook(hooked, TraceC10d);
  LeaveHook();
  return frame.returned;
}

void C10dEnqueued(void* work) {
  Pending* pending = t_pending;
  if (pending == nullptr) return;
  if (!pending->handed_out) {
    pending->handed_out = true;
    Writer::SetReturned(pending->record.load(std::memory_order_relaxed), MonotonicNs(), 0, State::kEnqueued);
  }
  pending->holders.fetch_add(1, std::memory_order_relaxed);
  if (!g_by_work.Insert(work, pending)) Release(pending);
}

void C10dStarted(void* work) {
  Pending* pending = g_by_work.Find(work, nullptr);
  if (pending == nullptr) return;
  uint64_t never = 0;
  const uint64_t now = MonotonicNs();
  if (pending->started_ns.compare_exchange_strong(never, now, std::memory_order_relaxed))
    Writer::SetStarted(pending->record.load(std::memory_order_relaxed), now);
}

void C10dFinished(void* work) {
  Pending* pending = g_by_work.Erase(work, nullptr);
  if (pending == nullptr) return;
  pending->finished_ns.store(MonotonicNs(), std::memory_order_relaxed);
  Release(pending);
}

void C10dFailed(void* work) {
  Pending* pending = g_by_work.Erase(work, nullptr);
  if (pending == nullptr) return;
  pending->failed.store(true, std::memory_order_relaxed);
  Release(pending);
}

void C10dNameGroup(const char* identity, const char* name) {
  t_name = {};
  if (identity == nullptr) return;
  t_name.id = HashBytes(identity, strlen(identity), 0x676c6f6f) | 1;
  if (name != nullptr) strncpy(t_name.name, name, sizeof(t_name.name) - 1);
}

void RunC10dCreation(C10dCreation& creation, const void* caller) {
  const auto construct = [](void* at) {
    const auto* self = static_cast<C10dCreation*>(at);
    self->real(self->group, self->store, self->rank, self->size, self->options);
    return 0;
  };
  if (!EnterHook()) {
    construct(&creation);
    return;
  }
  HookCall call;
  call.info = &api::kApiTable[api::IndexOf(api::IdOf("ncclCommInitRank"))];
  call.invoke = construct;
  call.frame = &creation;
  call.caller = caller;
  call.arguments_are_told = true;
  RunHook(call, TraceCreation);
  LeaveHook();
}

void C10dGroupEnds(void* group) {
  if (!IsStarted()) return;
  Process& process = TheProcess();
  const auto handle = reinterpret_cast<ncclComm_t>(group);
  Comm* comm = process.comms.Find(handle);
  if (comm == nullptr) return;
  process.comms.Release(handle);
  CommEntry* entry = process.writer.comm(comm->index);
  if (entry == nullptr) return;
  const uint64_t now = MonotonicNs();
  entry->teardown_entered_ns.store(now, std::memory_order_relaxed);
  entry->gone_ns.store(now, std::memory_order_relaxed);
  entry->state.store(static_cast<uint32_t>(CommState::kDestroyed), std::memory_order_relaxed);
}

}  // namespace rankle::hooks
