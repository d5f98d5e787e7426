#include "injector/hooks/samples.h"

#include <string.h>

#include <algorithm>
#include <atomic>

#include "injector/api/table.h"
#include "injector/hooks/buffers.h"
#include "injector/hooks/captures.h"
#include "injector/hooks/content.h"
#include "injector/hooks/cuda_calls.h"
#include "injector/hooks/os.h"
#include "injector/hooks/pointer_map.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {
namespace {

// Whole gradients of small models; of large ones a piece that moves on from sample to sample.
constexpr int64_t kPiece = 64 << 10;
constexpr uint32_t kSlots = 128;
static_assert(kPiece % 8 == 0, "pieces begin at whole elements");

enum class SlotState : uint32_t { kFree, kCopying, kReady };

struct Slot {
  std::atomic<SlotState> state{SlotState::kFree};
  record::NewRecord record;
  uint32_t bytes = 0;
  int dtype = 0;
  unsigned char* memory = nullptr;
};

constinit std::atomic<uint32_t> g_every{0};
constinit Slot g_slots[kSlots];
constinit std::atomic<unsigned char*> g_memory{nullptr};  // pinned, kPiece bytes a slot
PointerMap<uint64_t, 256> g_replicas;                     // hash of the name -> string offset << 32 | marks

unsigned char* PinnedMemory() {
  unsigned char* memory = g_memory.load(std::memory_order_acquire);
  if (memory != nullptr || Cuda().host_alloc == nullptr) return memory;
  void* fresh = nullptr;
  if (Cuda().host_alloc(&fresh, kPiece * kSlots, cudaHostAllocPortable) != 0) return nullptr;
  // Two threads at once: one block is lost, once.
  g_memory.compare_exchange_strong(memory, static_cast<unsigned char*>(fresh));
  return g_memory.load(std::memory_order_acquire);
}

Slot* TakeSlot() {
  unsigned char* memory = PinnedMemory();
  for (uint32_t i = 0; memory != nullptr && i < kSlots; ++i) {
    SlotState free = SlotState::kFree;
    if (!g_slots[i].state.compare_exchange_strong(free, SlotState::kCopying, std::memory_order_acquire))
      continue;
    g_slots[i].memory = memory + i * kPiece;
    return &g_slots[i];
  }
  return nullptr;
}

// Runs on the stream, behind the copy: the host may be far ahead of what is copied now.
void CopyEnded(void* data) {
  Slot* slot = static_cast<Slot*>(data);
  slot->record.entered_ns = MonotonicNs();
  slot->state.store(SlotState::kReady, std::memory_order_release);
}

// The piece that is looked at the n-th time: the same on every rank.
int64_t PieceOffset(int64_t bytes, uint32_t n) {
  if (bytes <= kPiece) return 0;
  const int64_t pieces = (bytes + kPiece - 1) / kPiece;
  return std::min(static_cast<int64_t>(n) % pieces * kPiece, (bytes - kPiece) / 8 * 8);
}

void CopyOut(const record::NewRecord& record, int dtype, const void* buffer, int64_t bytes,
             cudaStream_t stream) {
  const CudaCalls& cuda = Cuda();
  if (buffer == nullptr || bytes <= 0 || cuda.memcpy_async == nullptr || cuda.launch_host == nullptr ||
      CaptureOf(stream) != 0)
    return;
  Slot* slot = TakeSlot();
  if (slot == nullptr) return;
  slot->record = record;
  slot->dtype = dtype;
  slot->bytes = static_cast<uint32_t>(std::min(bytes, kPiece));
  const auto* from = static_cast<const unsigned char*>(buffer) +
                     PieceOffset(bytes, record.seq / std::max(1u, SampleInterval()));
  if (cuda.memcpy_async(slot->memory, from, slot->bytes, cudaMemcpyDefault, stream) == 0 &&
      cuda.launch_host(stream, CopyEnded, slot) == 0)
    return;
  if (cuda.last_error != nullptr) cuda.last_error();  // the program must not see our error
  slot->state.store(SlotState::kFree, std::memory_order_release);
}

void SampleBuffer(const SampledOperation& operation, bool input) {
  record::NewRecord record;
  record.kind = record::Kind::kSample;
  record.api = operation.api;
  record.comm = operation.comm;
  record.seq = operation.seq;
  record.dtype = static_cast<uint8_t>(operation.dtype);
  record.flags = input ? record::kFlagInput : 0;
  if (const ThreadState* thread = CurrentThread()) record.thread = thread->number;
  CopyOut(record, operation.dtype, input ? operation.send : operation.receive,
          input ? operation.send_bytes : operation.receive_bytes, operation.stream);
}

// Results that are the same on every rank.
bool ResultsAgree(uint16_t api) {
  using api::IdOf;
  switch (api) {
    case IdOf("ncclAllReduce"):
    case IdOf("ncclAllReduceConfig"):
    case IdOf("ncclBroadcast"):
    case IdOf("ncclBroadcastConfig"):
    case IdOf("ncclBcast"):
    case IdOf("ncclAllGather"):
    case IdOf("ncclAllGatherConfig"):
      return true;
    default:
      return false;
  }
}

}  // namespace

void EnableSamples(uint32_t every) { g_every.store(every, std::memory_order_relaxed); }
uint32_t SampleInterval() { return g_every.load(std::memory_order_relaxed); }

SampledOperation DescribeSample(const HookCall& call, const Comm* comm, uint32_t seq) {
  SampledOperation operation;
  operation.api = call.info->id;
  operation.comm = comm->index;
  operation.seq = seq;
  operation.dtype = call.dtype();
  operation.stream = call.stream();
  if (ResultsAgree(call.info->id)) {
    operation.receive = call.recvbuf();
    operation.receive_bytes = BufferBytes(call, Buffer::kReceive);
  }
  if (call.redop() >= 0) {
    operation.send = call.sendbuf();
    operation.send_bytes = BufferBytes(call, Buffer::kSend);
  }
  return operation;
}

void SampleInput(const SampledOperation& operation) {
  if (operation.send != nullptr) SampleBuffer(operation, true);
}
void SampleOutput(const SampledOperation& operation) {
  if (operation.receive != nullptr) SampleBuffer(operation, false);
}

void SampleReplica(const char* name, const void* tensor, uint64_t bytes, cudaStream_t stream) {
  record::Writer& writer = TheProcess().writer;
  if (SampleInterval() == 0 || name == nullptr || !writer.is_open()) return;
  const void* key = reinterpret_cast<const void*>(HashBytes(name, strlen(name)));
  uint64_t known = g_replicas.Find(key, 0);
  if (known == 0) known = uint64_t{writer.String(name)} << 32;
  g_replicas.Insert(key, ++known);
  const auto mark = static_cast<uint32_t>(known);
  if (!IsSampled(mark)) return;
  record::NewRecord record;
  record.kind = record::Kind::kSample;
  record.api = api::IdOf("rankleMarkReplica");
  record.seq = mark;
  record.site = static_cast<uint32_t>(known >> 32);
  record.flags = record::kFlagNamed;
  CopyOut(record, ncclInt8, tensor, static_cast<int64_t>(bytes), stream);
}

void DrainSamples() {
  if (SampleInterval() == 0) return;
  record::Writer& writer = TheProcess().writer;
  for (Slot& slot : g_slots) {
    if (slot.state.load(std::memory_order_acquire) != SlotState::kReady) continue;
    const Content content = Summarise(slot.memory, slot.bytes, slot.dtype);
    slot.record.count = content.hash;
    slot.record.stream = slot.bytes;
    slot.record.peer = static_cast<int32_t>(content.nonfinite);
    if ((slot.record.flags & record::kFlagNamed) == 0)
      memcpy(&slot.record.site, &content.largest, sizeof(slot.record.site));
    writer.Write(slot.record);
    slot.state.store(SlotState::kFree, std::memory_order_release);
  }
}

void ResetSamples() {
  for (Slot& slot : g_slots) {
    if (slot.state.load(std::memory_order_relaxed) != SlotState::kFree)
      slot.state.store(SlotState::kFree, std::memory_order_relaxed);
  }
  g_memory.store(nullptr, std::memory_order_relaxed);
  g_replicas.Clear();
}

}  // namespace rankle::hooks
