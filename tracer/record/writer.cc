#include "tracer/record/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tracer/record/file_size_signal.h"

namespace rankle::record {
namespace {

constexpr uint64_t kPage = 4096;
// How many slots a record tries before it is given up: in a ring full of operations in flight, each try costs
// a cache miss.
constexpr int kMaxTries = 64;
constexpr uint32_t kMaxProbes = 32;

uint64_t RoundUp(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

uint32_t PowerOfTwoAtLeast(uint32_t value) {
  uint32_t power = 64;
  while (power < value && power < (1u << 30)) power <<= 1;
  return power;
}

// Copies with truncation; the destination is always terminated.
template <size_t N>
void CopyText(char (&to)[N], const char* from) {
  size_t i = 0;
  for (; from != nullptr && from[i] != '\0' && i + 1 < N; ++i) to[i] = from[i];
  to[i] = '\0';
}

uint64_t Mix(uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdull;
  x ^= x >> 33;
  return x;
}

uint32_t Since(uint64_t entered_ns, uint64_t now_ns) {
  return PackDuration(now_ns > entered_ns ? now_ns - entered_ns : 0);
}

void FillIdentity(FileHeader* header, const ProcessIdentity& identity) {
  header->rank.store(identity.rank, std::memory_order_relaxed);
  header->rank_source.store(
      static_cast<uint32_t>(identity.rank >= 0 ? RankSource::kEnvironment : RankSource::kUnknown),
      std::memory_order_relaxed);
  header->world_size.store(identity.world_size, std::memory_order_relaxed);
  header->local_rank = identity.local_rank;
  header->local_world_size = identity.local_world_size;
  header->pid = identity.pid;
  header->parent_pid = identity.parent_pid;
  header->clock_uncertainty_ns = identity.clock_uncertainty_ns;
  header->start_realtime_ns = identity.realtime_ns;
  header->start_monotonic_ns = identity.monotonic_ns;
  header->job_id = identity.job_id;
  CopyText(header->host, identity.host);
  CopyText(header->command, identity.command);
  header->step.store(-1, std::memory_order_relaxed);
}

// 0 or errno; EFBIG: over the limit on file sizes.
int Reserve(int fd, uint64_t bytes) {
  const HeldFileSizeSignal held = HoldFileSizeSignal();
  const int error = posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  ReleaseFileSizeSignal(held);
  return error;
}

}  // namespace

Writer::~Writer() {
  if (header_ != nullptr) munmap(header_, mapped_bytes_);
}

int Writer::Create(const char* path, const WriterOptions& options, const ProcessIdentity& identity) {
  if (header_ != nullptr) return EALREADY;
  const uint32_t records = PowerOfTwoAtLeast(options.record_capacity);
  const uint32_t sites = PowerOfTwoAtLeast(options.site_capacity);
  const uint32_t comms = options.comm_capacity < kNoComm ? options.comm_capacity : kNoComm - 1;
  const uint64_t comm_offset = sizeof(FileHeader);
  const uint64_t site_offset = RoundUp(comm_offset + uint64_t{comms} * sizeof(CommEntry), kPage);
  const uint64_t string_offset = RoundUp(site_offset + uint64_t{sites} * sizeof(SiteEntry), kPage);
  const uint64_t record_offset = RoundUp(string_offset + options.string_capacity, kPage);
  const uint64_t bytes = record_offset + uint64_t{records} * sizeof(Record);

  const int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  int error = Reserve(fd, bytes);
  void* map = MAP_FAILED;
  if (error == 0) {
    map = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (map == MAP_FAILED) error = errno;
  }
  close(fd);
  if (error != 0) {
    unlink(path);  // an empty file would only confuse the reader
    return error;
  }

  auto* base = static_cast<char*>(map);
  auto* header = reinterpret_cast<FileHeader*>(base);
  header->version_major = kVersionMajor;
  header->version_minor = kVersionMinor;
  header->header_bytes = sizeof(FileHeader);
  header->file_bytes = bytes;
  header->comm_offset = comm_offset;
  header->site_offset = site_offset;
  header->string_offset = string_offset;
  header->record_offset = record_offset;
  header->comm_capacity = comms;
  header->site_capacity = sites;
  header->string_capacity = options.string_capacity;
  header->record_capacity = records;
  header->record_bytes = sizeof(Record);
  header->strings_used.store(1, std::memory_order_relaxed);  // offset 0 means "none"
  FillIdentity(header, identity);

  comms_ = reinterpret_cast<CommEntry*>(base + comm_offset);
  sites_ = reinterpret_cast<SiteEntry*>(base + site_offset);
  strings_ = base + string_offset;
  records_ = reinterpret_cast<Record*>(base + record_offset);
  mask_ = records - 1;
  mapped_bytes_ = bytes;
  // The magic comes last: a file with it has a whole header.
  std::atomic_thread_fence(std::memory_order_release);
  memcpy(header->magic, kMagic, sizeof(kMagic));
  header_ = header;
  return 0;
}

Record* Writer::Begin(const NewRecord& record, State state) {
  if (header_ == nullptr) return nullptr;
  for (int tries = 0; tries < kMaxTries; ++tries) {
    const uint64_t ticket = header_->next_ticket.fetch_add(1, std::memory_order_relaxed) + 1;
    Record& slot = records_[ticket & mask_];
    uint64_t head = slot.head.load(std::memory_order_acquire);
    if (!IsOverwritable(HeadState(head)) ||
        !slot.head.compare_exchange_strong(head, PackHead(ticket, record.kind, State::kWriting),
                                           std::memory_order_acquire, std::memory_order_relaxed)) {
      header_->skipped.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    // The claim must be visible before the payload changes: a reader that copied the old payload re-checks
    // `head`.
    std::atomic_thread_fence(std::memory_order_release);
    slot.entered_ns = record.entered_ns;
    slot.returned.store(0, std::memory_order_relaxed);
    slot.started.store(0, std::memory_order_relaxed);
    slot.finished.store(0, std::memory_order_relaxed);
    slot.api = record.api;
    slot.comm = record.comm;
    slot.count = record.count;
    slot.seq = record.seq;
    slot.peer = record.peer;
    slot.stream = record.stream;
    slot.group = record.group;
    slot.thread = record.thread;
    slot.site = record.site;
    slot.dtype = record.dtype;
    slot.redop = record.redop;
    slot.result.store(record.result, std::memory_order_relaxed);
    slot.flags = record.flags;
    slot.head.store(PackHead(ticket, record.kind, state), std::memory_order_release);
    return &slot;
  }
  header_->dropped.fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

void Writer::SetState(Record* record, State state) {
  if (record == nullptr) return;
  const uint64_t head = record->head.load(std::memory_order_relaxed);
  record->head.store((head & ~uint64_t{0xff}) | static_cast<uint64_t>(state), std::memory_order_release);
}

void Writer::SetReturned(Record* record, uint64_t now_ns, int result, State state) {
  if (record == nullptr) return;
  if (HeadKind(record->head.load(std::memory_order_relaxed)) == Kind::kCall)
    record->seq = static_cast<uint32_t>(result);
  record->returned.store(Since(record->entered_ns, now_ns), std::memory_order_relaxed);
  record->result.store(ClipResult(result), std::memory_order_relaxed);
  SetState(record, state);
}

void Writer::SetStarted(Record* record, uint64_t started_ns) {
  if (record == nullptr) return;
  record->started.store(Since(record->entered_ns, started_ns), std::memory_order_release);
}

void Writer::SetDeviceTimes(Record* record, uint64_t started_ns, uint64_t finished_ns) {
  if (record == nullptr) return;
  record->started.store(Since(record->entered_ns, started_ns), std::memory_order_relaxed);
  record->finished.store(Since(record->entered_ns, finished_ns), std::memory_order_relaxed);
  SetState(record, State::kDone);
}

uint16_t Writer::AddComm(uint64_t id, uint64_t parent_id, int32_t rank, int32_t nranks, int32_t device,
                         int32_t color, const char* name, uint64_t now_ns) {
  if (header_ == nullptr) return kNoComm;
  const uint32_t index = header_->comms_used.fetch_add(1, std::memory_order_relaxed);
  if (index >= header_->comm_capacity) {
    header_->comms_dropped.fetch_add(1, std::memory_order_relaxed);
    return kNoComm;
  }
  CommEntry& entry = comms_[index];
  entry.parent_id = parent_id;
  entry.rank = rank;
  entry.nranks = nranks;
  entry.device = device;
  entry.color = color;
  CopyText(entry.name, name);
  entry.state.store(static_cast<uint32_t>(CommState::kInitialising), std::memory_order_relaxed);
  entry.init_entered_ns.store(now_ns, std::memory_order_relaxed);
  entry.id.store(id != 0 ? id : 1, std::memory_order_release);
  return static_cast<uint16_t>(index);
}

CommEntry* Writer::comm(uint16_t index) {
  if (header_ == nullptr || index == kNoComm || index >= header_->comm_capacity) return nullptr;
  return &comms_[index];
}

uint32_t Writer::Site(uint64_t address, void (*symbolise)(Writer&, SiteEntry&)) {
  if (header_ == nullptr || address == 0) return 0;
  const uint32_t mask = header_->site_capacity - 1;
  uint32_t index = static_cast<uint32_t>(Mix(address)) & mask;
  for (uint32_t probe = 0; probe < kMaxProbes; ++probe, index = (index + 1) & mask) {
    SiteEntry& entry = sites_[index];
    uint64_t held = entry.address.load(std::memory_order_acquire);
    if (held == 0 && entry.address.compare_exchange_strong(held, address, std::memory_order_acq_rel)) {
      header_->sites_used.fetch_add(1, std::memory_order_relaxed);
      entry.hits.fetch_add(1, std::memory_order_relaxed);
      if (symbolise != nullptr) symbolise(*this, entry);
      return index + 1;
    }
    if (held == address) {
      entry.hits.fetch_add(1, std::memory_order_relaxed);
      return index + 1;
    }
  }
  header_->sites_dropped.fetch_add(1, std::memory_order_relaxed);
  return 0;
}

uint32_t Writer::String(const char* text) {
  if (header_ == nullptr || text == nullptr) return 0;
  const size_t length = strnlen(text, 4095);
  const auto size = static_cast<uint32_t>(length + 1);
  uint32_t offset = header_->strings_used.load(std::memory_order_relaxed);
  do {
    if (offset > header_->string_capacity || header_->string_capacity - offset < size) return 0;
  } while (!header_->strings_used.compare_exchange_weak(offset, offset + size, std::memory_order_relaxed));
  memcpy(strings_ + offset, text, length);
  strings_[offset + length] = '\0';
  return offset;
}

}  // namespace rankle::record
