#include "tracer/transport/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace rankle::transport {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

bool Fits(uint64_t offset, uint64_t count, uint64_t element, uint64_t size) {
  return offset % 128 == 0 && offset <= size && count <= (size - offset) / element;
}

template <size_t N>
std::string Text(const char (&text)[N]) {
  return std::string(text, strnlen(text, N));
}

void ReadTimes(const Histogram (&from)[kMeasures], std::array<Counts, kMeasures>& to) {
  for (int m = 0; m < kMeasures; ++m) {
    for (int b = 0; b < kBuckets; ++b) to[m][b] = from[m].buckets[b].load(kRelaxed);
  }
}

LinkRecord ReadLink(const LinkEntry& entry, uint64_t start_ns) {
  LinkRecord link;
  link.key = LinkKey::Unpack(entry.key.load(kRelaxed));
  // Read in the order in which they may not overtake each other: a step is posted before it moves.
  link.moved = entry.moved.load(std::memory_order_acquire);
  link.posted = entry.posted.load(kRelaxed);
  link.bytes = entry.bytes.load(kRelaxed);
  link.last_posted_ns = entry.last_posted_ns.load(kRelaxed);
  link.last_moved_ns = entry.last_moved_ns.load(kRelaxed);
  ReadTimes(entry.times, link.times);
  for (const Window& window : entry.windows) {
    const uint64_t number = window.number.load(kRelaxed);
    if (number == 0) continue;
    TimesOfWindow& times = link.windows.emplace_back();
    times.begin_ns = start_ns + (number - 1) * kWindowNs, times.end_ns = times.begin_ns + kWindowNs;
    times.bytes = window.bytes.load(kRelaxed);
    ReadTimes(window.times, times.times);
  }
  std::sort(link.windows.begin(), link.windows.end(),
            [](const TimesOfWindow& a, const TimesOfWindow& b) { return a.begin_ns < b.begin_ns; });
  return link;
}

OperationRecord ReadOperation(const OperationSlot& slot, uint32_t number) {
  OperationRecord operation;
  operation.number = number, operation.comm = slot.comm, operation.function = Text(slot.function);
  operation.count = slot.count, operation.sequence = slot.sequence, operation.peer = slot.peer;
  operation.open = slot.open.load(kRelaxed), operation.begun_ns = slot.begun_ns;
  operation.first_posted_ns = slot.first_posted_ns.load(kRelaxed);
  operation.last_moved_ns = slot.last_moved_ns.load(kRelaxed), operation.bytes = slot.bytes.load(kRelaxed);
  for (int side = 0; side < kSides; ++side) {
    operation.moved[side] = slot.moved[side].load(std::memory_order_acquire);
    operation.posted[side] = slot.posted[side].load(kRelaxed);
  }
  return operation;
}

// Files before 1.1 have none.
void ReadOperations(const FileHeader& h, const OperationSlot* slots, TransportRecord& record) {
  record.operations_dropped = h.operations_dropped.load(kRelaxed);
  for (uint32_t i = 0; i < h.operation_capacity; ++i) {
    const uint32_t number = slots[i].number.load(std::memory_order_acquire);
    if (number == 0) continue;
    const bool known = std::any_of(record.communicators.begin(), record.communicators.end(),
                                   [&](const CommRecord& comm) { return comm.index == slots[i].comm; });
    if (!known) {
      ++record.malformed;
      continue;
    }
    OperationRecord operation = ReadOperation(slots[i], number);
    // Taken over while it was read: the next look will have the new one.
    if (slots[i].number.load(std::memory_order_acquire) == number)
      record.operations.push_back(std::move(operation));
  }
  std::sort(record.operations.begin(), record.operations.end(),
            [](const OperationRecord& a, const OperationRecord& b) { return a.number < b.number; });
}

}  // namespace

bool LooksLikeTransportRecord(std::string_view first_bytes) {
  return first_bytes.substr(0, sizeof(kMagic)) == std::string_view(kMagic, sizeof(kMagic));
}

absl::StatusOr<TransportRecord> ParseTransportRecord(std::string_view bytes, std::string_view name) {
  const std::string file(name);

  if (!LooksLikeTransportRecord(bytes))
    return absl::InvalidArgumentError(absl::StrCat(file, ": not a transport record"));
  if (bytes.size() < sizeof(FileHeader))
    return absl::DataLossError(absl::StrCat(file, ": cut short inside the header"));
  // Atomics are read as what they are. A mapping has their alignment; other bytes get it by a copy.
  std::vector<FileHeader> storage;
  const char* base = bytes.data();
  if (reinterpret_cast<uintptr_t>(base) % alignof(FileHeader) != 0) {
    storage = std::vector<FileHeader>((bytes.size() + sizeof(FileHeader) - 1) / sizeof(FileHeader));
    base =
        static_cast<const char*>(std::memcpy(static_cast<void*>(storage.data()), bytes.data(), bytes.size()));
  }
  const auto& h = *reinterpret_cast<const FileHeader*>(base);
  if (h.version_major != kVersionMajor) {
    return absl::UnimplementedError(absl::StrCat(file, ": transport record of version ", h.version_major,
                                                 "; this program reads version ", kVersionMajor));
  }
  if (h.comm_bytes != sizeof(CommEntry) || h.link_bytes != sizeof(LinkEntry) ||
      h.step_bytes != sizeof(StepSlot) || h.window_ns != kWindowNs ||
      !Fits(h.comm_offset, h.comm_capacity, sizeof(CommEntry), bytes.size()) ||
      !Fits(h.link_offset, h.link_capacity, sizeof(LinkEntry), bytes.size()) ||
      !Fits(h.step_offset, h.step_capacity, sizeof(StepSlot), bytes.size()) ||
      (h.operation_capacity != 0 &&
       (h.operation_bytes != sizeof(OperationSlot) ||
        !Fits(h.operation_offset, h.operation_capacity, sizeof(OperationSlot), bytes.size())))) {
    return absl::DataLossError(absl::StrCat(file, ": cut short or damaged"));
  }
  TransportRecord record;
  record.path = file, record.host = Text(h.host), record.pid = h.pid, record.rank = h.rank;
  record.job_id = h.job_id, record.start_realtime_ns = h.start_realtime_ns;
  record.start_monotonic_ns = h.start_monotonic_ns;
  record.comms_dropped = h.comms_dropped.load(kRelaxed);
  record.links_dropped = h.links_dropped.load(kRelaxed);
  record.steps_dropped = h.steps_dropped.load(kRelaxed);
  const auto* comms = reinterpret_cast<const CommEntry*>(base + h.comm_offset);
  for (uint32_t i = 0; i < h.comm_capacity; ++i) {
    if (comms[i].init_ns.load(kRelaxed) == 0) continue;
    record.communicators.push_back({i, comms[i].hash.load(kRelaxed), comms[i].init_ns.load(kRelaxed),
                                    comms[i].gone_ns.load(kRelaxed), comms[i].rank.load(kRelaxed),
                                    comms[i].nranks.load(kRelaxed), Text(comms[i].name)});
  }
  const auto* links = reinterpret_cast<const LinkEntry*>(base + h.link_offset);
  const auto known = [&](uint64_t key) {
    const uint32_t comm = LinkKey::Unpack(key).comm;
    return key >> 63 != 0 && comm < h.comm_capacity && comms[comm].init_ns.load(kRelaxed) != 0;
  };
  for (uint32_t i = 0; i < h.link_capacity; ++i) {
    const uint64_t key = links[i].key.load(kRelaxed);
    if (key == 0) continue;
    known(key) ? record.links.push_back(ReadLink(links[i], h.start_monotonic_ns)) : void(++record.malformed);
  }
  const auto* steps = reinterpret_cast<const StepSlot*>(base + h.step_offset);
  for (uint32_t i = 0; i < h.step_capacity; ++i) {
    const uint32_t link = steps[i].link.load(kRelaxed);
    if (link == 0) continue;
    if (link > h.link_capacity || !known(links[link - 1].key.load(kRelaxed))) {
      ++record.malformed;
      continue;
    }
    record.open_steps.push_back({LinkKey::Unpack(links[link - 1].key.load(kRelaxed)), steps[i].step,
                                 steps[i].bytes, steps[i].operation, steps[i].posted_ns, steps[i].moving_ns,
                                 steps[i].arrived_ns});
  }
  ReadOperations(h, reinterpret_cast<const OperationSlot*>(base + h.operation_offset), record);
  return record;
}

absl::StatusOr<TransportRecord> ReadTransportRecord(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened: ", std::strerror(errno)));
  struct stat info {};
  void* map = MAP_FAILED;
  if (fstat(fd, &info) == 0 && info.st_size > 0)
    map = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (map == MAP_FAILED)
    return absl::DataLossError(absl::StrCat(path, ": empty, or cannot be mapped: no transport record"));
  const auto size = static_cast<size_t>(info.st_size);
  auto record = ParseTransportRecord(std::string_view(static_cast<const char*>(map), size), path);
  munmap(map, size);
  return record;
}

}  // namespace rankle::transport
