// The life of communicators: identities that agree over all ranks, states in the flight record, asynchronous
// errors.
#include <pthread.h>

#include <cstddef>
#include <cstring>

#include "injector/api/table.h"
#include "injector/hooks/creations.h"
#include "injector/hooks/cuda_calls.h"
#include "injector/hooks/handlers.h"
#include "injector/hooks/misuse.h"
#include "injector/hooks/os.h"
#include "injector/hooks/process.h"
#include "injector/hooks/process_events.h"
#include "injector/hooks/real_nccl.h"
#include "injector/hooks/trace.h"

namespace rankle::hooks {

using record::CommEntry;
using record::CommState;

namespace {

// How often this process has used a unique id for the same rank: NCCL allows an id once, but a program that
// breaks the rule should not merge two communicators into one. Creation is rare; a short list under a lock
// will do.
uint64_t UsesOf(uint64_t id_hash, int rank) {
  struct Use {
    uint64_t key;
    uint64_t count;
  };
  constexpr size_t kRemembered = 1024;
  static Use uses[kRemembered];
  static size_t next = 0;
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  const uint64_t key = HashCombine(id_hash, static_cast<uint64_t>(rank));
  pthread_mutex_lock(&mutex);
  Use* found = nullptr;
  for (Use& use : uses) {
    if (use.key == key) found = &use;
  }
  if (found == nullptr) {
    found = &uses[next++ % kRemembered];
    *found = {key, 0};
  }
  const uint64_t count = found->count++;
  pthread_mutex_unlock(&mutex);
  return count;
}

const char* NameOf(const ncclConfig_t* config) {
  constexpr size_t kNeeded = offsetof(ncclConfig_t, commName) + sizeof(char*);
  // Programs built with an older NCCL pass a shorter struct, which says how long it is.
  if (config == nullptr || config->size < kNeeded || config->commName == nullptr) return "";
  return config->commName;
}

void SetName(Comm* comm, const char* name) { strncpy(comm->name, name, sizeof(comm->name) - 1); }

struct Creation {
  uint64_t id = 0, parent_id = 0;
  int rank = -1, size = -1, color = -1;
  const char* name = "";
};

Comm* Announce(const Creation& creation) {
  Process& process = TheProcess();
  Comm* comm = process.comms.Allocate();
  if (comm == nullptr) return nullptr;
  int device = -1;
  if (Cuda().get_device != nullptr && Cuda().get_device(&device) != 0) device = -1;
  comm->id = creation.id;
  comm->rank.store(creation.rank, std::memory_order_relaxed);
  comm->size.store(creation.size, std::memory_order_relaxed);
  comm->device.store(device, std::memory_order_relaxed);
  SetName(comm, creation.name);
  comm->index = process.writer.AddComm(creation.id, creation.parent_id, creation.rank, creation.size, device,
                                       creation.color, comm->name, MonotonicNs());
  return comm;
}

void SetEntryState(const Comm* comm, CommState state) {
  if (CommEntry* entry = TheProcess().writer.comm(comm->index)) {
    entry->state.store(static_cast<uint32_t>(state), std::memory_order_relaxed);
  }
}

void MarkFailed(Comm* comm) {
  SetEntryState(comm, CommState::kFailed);
  comm->used.store(false, std::memory_order_relaxed);
}

}  // namespace

void TakeRankFrom(const Comm* comm) {
  Process& process = TheProcess();
  const int rank = comm->rank.load(std::memory_order_relaxed),
            size = comm->size.load(std::memory_order_relaxed);
  record::FileHeader* header = process.writer.header();
  constexpr auto kEnvironment = static_cast<uint32_t>(record::RankSource::kEnvironment);
  if (header != nullptr && header->rank_source.load(std::memory_order_relaxed) == kEnvironment) return;
  std::atomic<int>& largest = process.largest_comm;
  if (header == nullptr && process.target.rank >= 0 && largest.load() == 0) return;
  if (size <= largest.load(std::memory_order_relaxed)) return;
  largest.store(size, std::memory_order_relaxed);
  process.target.rank = rank;
  if (header == nullptr) return;
  header->rank.store(rank, std::memory_order_relaxed);
  header->world_size.store(size, std::memory_order_relaxed);
  header->rank_source.store(static_cast<uint32_t>(record::RankSource::kLargestCommunicator),
                            std::memory_order_relaxed);
}

namespace {

// NCCL says that the communicator works: what it knows about itself is asked now.
void MarkReady(ncclComm_t handle, Comm* comm) {
  if (comm->ready.exchange(true)) return;
  const RealNccl& nccl = Nccl();
  int value = 0;
  if (nccl.user_rank != nullptr && nccl.user_rank(handle, &value) == ncclSuccess) comm->rank.store(value);
  if (nccl.count != nullptr && nccl.count(handle, &value) == ncclSuccess) comm->size.store(value);
  if (nccl.device != nullptr && nccl.device(handle, &value) == ncclSuccess) comm->device.store(value);
  TakeRankFrom(comm);
  CommEntry* entry = TheProcess().writer.comm(comm->index);
  if (entry == nullptr) return;
  entry->handle = reinterpret_cast<uint64_t>(handle);
  entry->rank = comm->rank.load();
  entry->nranks = comm->size.load();
  entry->device = comm->device.load();
  entry->ready_ns.store(MonotonicNs(), std::memory_order_relaxed);
  entry->state.store(static_cast<uint32_t>(CommState::kReady), std::memory_order_relaxed);
}

// Runs a creation of one communicator and follows what becomes of it.
int Create(HookCall& call, ncclComm_t* handle, const Creation& creation) {
  Comm* comm = Announce(creation);
  record::Record* record = BeginCallRecord(call, comm != nullptr ? comm->index : record::kNoComm);
  const int result = call.Invoke();
  FinishCallRecord(call, record, result);
  if (comm == nullptr) {
    TheProcess().comms.ForgetFreed();
    return result;
  }
  ThreadState* thread = CurrentThread();
  if (call.Failed(result)) {
    MarkFailed(comm);
  } else if (thread != nullptr && thread->group_depth != 0) {
    if (thread->creations < ThreadState::kMaxCreations)
      thread->creation[thread->creations++] = {handle, comm};
    // The handle may be given out now, and is known when the group has ended.
    TheProcess().comms.ForgetFreed();
  } else {
    FinishCreation(*handle, comm, result);
  }
  return result;
}

}  // namespace

void FinishCreation(ncclComm_t handle, Comm* comm, int result) {
  if (handle == nullptr || (result != ncclSuccess && result != ncclInProgress)) {
    MarkFailed(comm);
    return;
  }
  WatchProcessEndAgain();
  TheProcess().comms.Bind(handle, comm);
  if (CommEntry* entry = TheProcess().writer.comm(comm->index))
    entry->handle = reinterpret_cast<uint64_t>(handle);
  if (result == ncclSuccess) MarkReady(handle, comm);
  if (result == ncclInProgress) NoteInProgress(comm);
}

int OnCommInitRank(HookCall& call) {
  const auto& id = call.Argument<ncclUniqueId>(2);
  const int rank = call.Argument<int>(3);
  const uint64_t hash = HashBytes(&id, sizeof(id));
  const auto* config = call.argument_count > 4 ? call.Argument<const ncclConfig_t*>(4) : nullptr;
  return Create(call, call.Argument<ncclComm_t*>(0),
                {HashCombine(hash, UsesOf(hash, rank)), 0, rank, call.Argument<int>(1), -1, NameOf(config)});
}

int OnCommInitRankScalable(HookCall& call) {
  const int rank = call.Argument<int>(2), ids = call.Argument<int>(3);
  const auto* unique = call.Argument<const ncclUniqueId*>(4);
  const uint64_t hash = unique == nullptr || ids <= 0
                            ? 1
                            : HashBytes(unique, sizeof(ncclUniqueId) * static_cast<uint64_t>(ids));
  return Create(call, call.Argument<ncclComm_t*>(0),
                {HashCombine(hash, UsesOf(hash, rank)), 0, rank, call.Argument<int>(1), -1,
                 NameOf(call.Argument<const ncclConfig_t*>(5))});
}

int OnCommInitAll(HookCall& call) {
  constexpr int kMax = 256;
  auto* handles = call.Argument<ncclComm_t*>(0);
  const int count = call.Argument<int>(1) < kMax ? call.Argument<int>(1) : kMax;
  Process& process = TheProcess();
  if (count < call.Argument<int>(1)) process.comms.ForgetFreed();
  // One process makes the whole clique: no other process has to find the same number.
  const uint64_t id =
      HashCombine(HashBytes(process.host, sizeof(process.host), process.start_ns), MonotonicNs());
  Comm* comms[kMax] = {};
  for (int i = 0; i < count; ++i) comms[i] = Announce({id, 0, i, call.Argument<int>(1), -1, ""});
  record::Record* record =
      BeginCallRecord(call, count > 0 && comms[0] != nullptr ? comms[0]->index : record::kNoComm);
  const int result = call.Invoke();
  FinishCallRecord(call, record, result);
  for (int i = 0; i < count; ++i) {
    if (comms[i] == nullptr) process.comms.ForgetFreed();
    if (comms[i] != nullptr) FinishCreation(call.Failed(result) ? nullptr : handles[i], comms[i], result);
  }
  return result;
}

int OnCommSplit(HookCall& call) {
  Comm* parent = TheProcess().comms.Find(call.comm());
  CheckHandle(call, parent);
  const int color = call.Argument<int>(1);
  const uint64_t number = parent != nullptr ? parent->splits.fetch_add(1) : 0;
  // A rank without colour takes part and gets nothing.
  if (color == NCCL_SPLIT_NOCOLOR) return TraceBlocking(call);
  const uint64_t parent_id = parent != nullptr ? parent->id : 0;
  const uint64_t id = HashCombine(HashCombine(parent_id, number), static_cast<uint32_t>(color));
  return Create(call, call.Argument<ncclComm_t*>(3),
                {id, parent_id, -1, -1, color, NameOf(call.Argument<const ncclConfig_t*>(4))});
}

int OnCommShrink(HookCall& call) {
  Comm* parent = TheProcess().comms.Find(call.comm());
  CheckHandle(call, parent);
  const uint64_t number = parent != nullptr ? parent->shrinks.fetch_add(1) : 0;
  const uint64_t parent_id = parent != nullptr ? parent->id : 0;
  constexpr uint64_t kShrink = 0x7368726b;
  return Create(call, call.Argument<ncclComm_t*>(3),
                {HashCombine(HashCombine(parent_id, number), kShrink), parent_id, -1, -1, -1,
                 NameOf(call.Argument<const ncclConfig_t*>(4))});
}

// New ranks know the unique id only, old ones (but the root) the parent only: their ids cannot agree, and the
// analyzer joins them by time and size.
int OnCommGrow(HookCall& call) {
  Comm* parent = TheProcess().comms.Find(call.comm());
  const auto* unique = call.Argument<const ncclUniqueId*>(2);
  constexpr uint64_t kGrow = 0x67726f77;
  const uint64_t id = parent != nullptr
                          ? HashCombine(HashCombine(parent->id, parent->grows.fetch_add(1)), kGrow)
                      : unique != nullptr ? HashBytes(unique, sizeof(*unique), kGrow)
                                          : kGrow;
  return Create(call, call.Argument<ncclComm_t*>(4),
                {id, parent != nullptr ? parent->id : 0, call.Argument<int>(3), call.Argument<int>(1), -1,
                 NameOf(call.Argument<const ncclConfig_t*>(5))});
}

int OnCommEnd(HookCall& call) {
  Process& process = TheProcess();
  const ncclComm_t handle = call.comm();
  Comm* comm = process.comms.Find(handle);
  CheckHandle(call, comm);
  const uint16_t api = call.info->id;
  const bool cuts_off = api == api::IdOf("ncclCommAbort") || api == api::IdOf("ncclCommRevoke");
  const bool frees = api == api::IdOf("ncclCommAbort") || api == api::IdOf("ncclCommDestroy");
  CommEntry* entry = comm != nullptr ? process.writer.comm(comm->index) : nullptr;
  const uint64_t now = MonotonicNs();
  if (comm != nullptr && cuts_off) comm->ended_ns.store(now, std::memory_order_relaxed);
  if (entry != nullptr && entry->teardown_entered_ns.load(std::memory_order_relaxed) == 0) {
    entry->teardown_entered_ns.store(now, std::memory_order_relaxed);
    entry->state.store(static_cast<uint32_t>(CommState::kFinalizing), std::memory_order_relaxed);
  }
  record::Record* record = BeginCallRecord(call, comm != nullptr ? comm->index : record::kNoComm);
  // The handle may be given to a new communicator as soon as the real function has freed it.
  if (frees) process.comms.Release(handle);
  const int result = call.Invoke();
  FinishCallRecord(call, record, result);
  if (frees && call.Failed(result)) process.comms.ForgetFreed();  // it may still be there
  if (comm != nullptr && !frees && result == ncclInProgress) NoteInProgress(comm);
  if (entry == nullptr || call.Failed(result)) return result;
  if (frees) entry->gone_ns.store(MonotonicNs(), std::memory_order_relaxed);
  if (frees || cuts_off) {
    entry->state.store(static_cast<uint32_t>(cuts_off ? CommState::kAborted : CommState::kDestroyed),
                       std::memory_order_relaxed);
  }
  return result;
}

int OnAsyncError(HookCall& call) {
  Process& process = TheProcess();
  const ncclComm_t handle = call.comm();
  auto* error = call.Argument<ncclResult_t*>(1);
  if (process.comms.Find(handle) == nullptr) CheckHandle(call, nullptr);
  const int result = call.Invoke();
  Comm* comm = process.comms.Find(handle);
  if (call.Failed(result)) RecordFailedByFault(call, result);
  if (comm == nullptr || error == nullptr || result != ncclSuccess) return result;
  if (*error != ncclInProgress) comm->in_progress.store(false, std::memory_order_relaxed);
  if (!comm->ready.load(std::memory_order_relaxed) && *error == ncclSuccess) MarkReady(handle, comm);
  if (process.sticky_error.load(std::memory_order_relaxed) != 0) *error = ncclUnhandledCudaError;
  const int injected = comm->injected_error.load(std::memory_order_relaxed);
  if (injected != 0) *error = static_cast<ncclResult_t>(injected);
  if (*error == ncclSuccess || *error == ncclInProgress) return result;
  uint32_t none = 0;
  if (!comm->seen_error.compare_exchange_strong(none, static_cast<uint32_t>(*error))) return result;
  if (CommEntry* entry = process.writer.comm(comm->index)) {
    entry->async_error.store(static_cast<uint32_t>(*error), std::memory_order_relaxed);
  }
  record::NewRecord record = Describe(call, record::Kind::kAsyncError, MonotonicNs());
  record.comm = comm->index;
  record.result = record::ClipResult(*error);
  process.writer.Write(record);
  return result;
}

void NameCommunicator(ncclComm_t handle, const char* name) {
  if (!EnterHook()) return;
  Comm* comm = TheProcess().comms.Find(handle);
  if (comm != nullptr && comm->name[0] == '\0') {
    SetName(comm, name);
    if (CommEntry* entry = TheProcess().writer.comm(comm->index))
      memcpy(entry->name, comm->name, sizeof(entry->name));
  }
  LeaveHook();
}

}  // namespace rankle::hooks
