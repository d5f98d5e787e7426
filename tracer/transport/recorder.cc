#include "tracer/transport/recorder.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "tracer/files/create_mapped.h"

namespace rankle::transport {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr uint64_t kPage = 4096;
// Slots tried before a step or an operation is dropped: each is a cache miss, and a table that full means
// thousands of steps in flight, of which a sample is enough.
constexpr uint32_t kMaxTries = 64;

constexpr uint64_t RoundUp(uint64_t value) { return (value + kPage - 1) / kPage * kPage; }
constexpr uint64_t kCommOffset = sizeof(FileHeader);
constexpr uint64_t kLinkOffset = RoundUp(kCommOffset + kCommCapacity * sizeof(CommEntry));
constexpr uint64_t kStepOffset = RoundUp(kLinkOffset + uint64_t{kLinkCapacity} * sizeof(LinkEntry));
constexpr uint64_t kOperationOffset = RoundUp(kStepOffset + kStepCapacity * sizeof(StepSlot));
constexpr uint64_t kFileBytes = RoundUp(kOperationOffset + kOperationCapacity * sizeof(OperationSlot));

template <size_t N>
void CopyText(char (&to)[N], const char* from) {
  size_t i = 0;
  for (; from != nullptr && from[i] != '\0' && i + 1 < N; ++i) to[i] = from[i];
  to[i] = '\0';
}

uint32_t Hash(uint64_t key) {
  key ^= key >> 33;
  key *= 0xff51afd7ed558ccdull;
  return static_cast<uint32_t>(key >> 40);
}

Side SideOf(const LinkEntry* link) {
  return LinkKey::Unpack(link->key.load(kRelaxed)).is_send ? kSends : kReceives;
}

}  // namespace

Recorder::~Recorder() {
  if (header_ != nullptr) munmap(header_, kFileBytes);
}

int Recorder::Create(const char* path, const files::Identity& identity) {
  if (header_ != nullptr) return EALREADY;
  void* map = nullptr;
  if (const int error = files::CreateMapped(path, kFileBytes, &map); error != 0) return error;
  auto* const base = static_cast<char*>(map);
  auto* const header = reinterpret_cast<FileHeader*>(base);
  header->version_major = kVersionMajor, header->version_minor = kVersionMinor;
  header->header_bytes = sizeof(FileHeader), header->file_bytes = kFileBytes;
  header->comm_offset = kCommOffset, header->link_offset = kLinkOffset, header->step_offset = kStepOffset;
  header->comm_capacity = kCommCapacity, header->comm_bytes = sizeof(CommEntry);
  header->link_capacity = kLinkCapacity, header->link_bytes = sizeof(LinkEntry);
  header->step_capacity = kStepCapacity, header->step_bytes = sizeof(StepSlot);
  header->operation_offset = kOperationOffset, header->operation_capacity = kOperationCapacity;
  header->operation_bytes = sizeof(OperationSlot);
  header->window_count = kWindows, header->window_ns = kWindowNs, header->bucket_count = kBuckets;
  header->pid = identity.pid, header->rank = identity.rank, header->job_id = identity.job_id;
  header->start_realtime_ns = identity.realtime_ns, header->start_monotonic_ns = identity.monotonic_ns;
  CopyText(header->host, identity.host);
  comms_ = reinterpret_cast<CommEntry*>(base + kCommOffset);
  links_ = reinterpret_cast<LinkEntry*>(base + kLinkOffset);
  steps_ = reinterpret_cast<StepSlot*>(base + kStepOffset);
  operations_ = reinterpret_cast<OperationSlot*>(base + kOperationOffset);
  // The magic comes last: a file with it has a whole header.
  std::atomic_thread_fence(std::memory_order_release);
  memcpy(header->magic, kMagic, sizeof(kMagic));
  header_ = header;
  return 0;
}

CommEntry* Recorder::AddComm(uint64_t now_ns, uint64_t hash, int32_t rank, int32_t nranks, const char* name) {
  for (uint32_t i = 0; i < kCommCapacity; ++i) {
    uint64_t free = 0;
    if (!comms_[i].init_ns.compare_exchange_strong(free, now_ns)) continue;
    CopyText(comms_[i].name, name);
    comms_[i].hash.store(hash, kRelaxed);
    comms_[i].rank.store(rank, kRelaxed);
    comms_[i].nranks.store(nranks, kRelaxed);
    return &comms_[i];
  }
  header_->comms_dropped.fetch_add(1, kRelaxed);
  return nullptr;
}

LinkEntry* Recorder::Link(const CommEntry* comm, int self, int peer, int channel, bool is_send) {
  const uint64_t key = LinkKey{static_cast<uint32_t>(comm - comms_), static_cast<uint32_t>(self),
                               static_cast<uint32_t>(peer), static_cast<uint32_t>(channel), is_send}
                           .Pack();
  for (uint32_t i = 0, at = Hash(key); i < kLinkCapacity; ++i, ++at) {
    LinkEntry& entry = links_[at & (kLinkCapacity - 1)];
    uint64_t found = entry.key.load(std::memory_order_acquire);
    if (found == 0 && entry.key.compare_exchange_strong(found, key)) return &entry;
    if (found == key) return &entry;
  }
  header_->links_dropped.fetch_add(1, kRelaxed);
  return nullptr;
}

uint32_t Recorder::BeginOperation(const CommEntry* comm, const OperationIdentity& identity, uint64_t now_ns) {
  for (uint32_t i = 0; i < kMaxTries; ++i) {
    const uint32_t number = next_operation_.fetch_add(1, kRelaxed) + 1;
    if (number == 0) continue;  // 2^32 operations: the count begins again
    OperationSlot& slot = operations_[number & (kOperationCapacity - 1)];
    if (slot.open.load(kRelaxed) != 0) continue;
    slot.number.store(0, kRelaxed);
    slot.comm = static_cast<uint32_t>(comm - comms_);
    CopyText(slot.function, identity.function);
    slot.count = identity.count, slot.sequence = identity.sequence, slot.peer = identity.peer;
    slot.begun_ns = now_ns;
    slot.first_posted_ns.store(0, kRelaxed), slot.last_moved_ns.store(0, kRelaxed),
        slot.bytes.store(0, kRelaxed);
    for (int side = 0; side < kSides; ++side)
      slot.posted[side].store(0, kRelaxed), slot.moved[side].store(0, kRelaxed);
    slot.number.store(number, std::memory_order_release);
    return number;
  }
  header_->operations_dropped.fetch_add(1, kRelaxed);
  return 0;
}

// nullptr when its slot has been taken over since.
OperationSlot* Recorder::OperationOf(uint32_t number) const {
  OperationSlot* const slot = operations_ + (number & (kOperationCapacity - 1));
  return number != 0 && slot->number.load(std::memory_order_acquire) == number ? slot : nullptr;
}

void Recorder::BeginTransfer(uint32_t operation) {
  if (OperationSlot* const slot = OperationOf(operation)) slot->open.fetch_add(1, kRelaxed);
}

void Recorder::EndTransfer(uint32_t operation) {
  if (OperationSlot* const slot = OperationOf(operation)) slot->open.fetch_sub(1, kRelaxed);
}

StepSlot* Recorder::Begin(LinkEntry* link, uint32_t operation, uint32_t step, uint64_t now_ns) {
  for (uint32_t i = 0; i < kMaxTries; ++i) {
    StepSlot& slot = steps_[next_step_.fetch_add(1, kRelaxed) & (kStepCapacity - 1)];
    uint32_t free = 0;
    if (slot.link.load(kRelaxed) != 0 ||
        !slot.link.compare_exchange_strong(free, static_cast<uint32_t>(link - links_) + 1))
      continue;
    slot.step = step, slot.operation = operation, slot.bytes = 0, slot.posted_ns = now_ns,
    slot.moving_ns = slot.arrived_ns = 0;
    link->posted.fetch_add(1, kRelaxed);
    link->last_posted_ns.store(now_ns, kRelaxed);
    if (OperationSlot* const of = OperationOf(operation)) {
      uint64_t unset = 0;
      of->first_posted_ns.compare_exchange_strong(unset, now_ns, kRelaxed);
      of->posted[SideOf(link)].fetch_add(1, kRelaxed);
    }
    return &slot;
  }
  header_->steps_dropped.fetch_add(1, kRelaxed);
  return nullptr;
}

// The first step of a new window of time empties the slot that it takes over.
Window& Recorder::WindowAt(LinkEntry* link, uint64_t now_ns) {
  const uint64_t start = header_->start_monotonic_ns;
  const auto number = static_cast<uint32_t>((now_ns > start ? now_ns - start : 0) / kWindowNs) + 1;
  Window& window = link->windows[number % kWindows];
  uint32_t held = window.number.load(kRelaxed);
  if (held < number && window.number.compare_exchange_strong(held, number)) {
    window.bytes.store(0, kRelaxed);
    for (Histogram& times : window.times) {
      for (auto& bucket : times.buckets) bucket.store(0, kRelaxed);
    }
  }
  return window;
}

void Recorder::AddBytes(LinkEntry* link, uint64_t bytes, uint64_t now_ns) {
  link->bytes.fetch_add(bytes, kRelaxed);
  WindowAt(link, now_ns).bytes.fetch_add(bytes, kRelaxed);
}

void Recorder::End(StepSlot* step, uint64_t now_ns) {
  const uint32_t bytes = step->bytes;
  LinkEntry* const link = LinkOf(step);
  const uint64_t end = step->arrived_ns != 0 ? step->arrived_ns : now_ns;
  if (step->moving_ns != 0) {
    const bool large = bytes >= kLargeStepBytes;
    uint64_t time = end > step->moving_ns ? end - step->moving_ns : 0;
    if (large) time = time * kRateUnitBytes / bytes;
    const int measure = static_cast<int>(large ? Measure::kInverseRate : Measure::kLatency);
    const int bucket = BucketOf(time);
    link->times[measure].buckets[bucket].fetch_add(1, kRelaxed);
    Window& window = WindowAt(link, now_ns);
    window.times[measure].buckets[bucket].fetch_add(1, kRelaxed);
    if (bytes != 0) window.bytes.fetch_add(bytes, kRelaxed);
  }
  if (bytes != 0) link->bytes.fetch_add(bytes, kRelaxed);
  link->last_moved_ns.store(now_ns, kRelaxed);
  link->moved.fetch_add(1, kRelaxed);
  if (OperationSlot* const of = OperationOf(step->operation)) {
    of->bytes.fetch_add(bytes, kRelaxed);
    of->last_moved_ns.store(now_ns, kRelaxed);
    of->moved[SideOf(link)].fetch_add(1, kRelaxed);
  }
  step->link.store(0, std::memory_order_release);
}

}  // namespace rankle::transport
