#include "tracer/transport/reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tracer/files/record_bytes.h"

namespace rankle::transport {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

using files::Text;

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

bool LooksLikeTransportRecord(std::string_view first_bytes) { return files::HasMagic(first_bytes, kMagic); }

absl::StatusOr<TransportRecord> ParseTransportRecord(std::string_view bytes, std::string_view name) {
  const std::string file(name);
  const auto opened = files::OpenRecord<FileHeader>(bytes, file, kMagic, kVersionMajor, "transport record");
  if (!opened.ok()) return opened.status();
  const FileHeader& h = opened->header();
  const auto* comms = opened->Table<CommEntry>(h.comm_offset, h.comm_capacity, h.comm_bytes);
  const auto* links = opened->Table<LinkEntry>(h.link_offset, h.link_capacity, h.link_bytes);
  const auto* steps = opened->Table<StepSlot>(h.step_offset, h.step_capacity, h.step_bytes);
  const auto* operations =
      opened->Table<OperationSlot>(h.operation_offset, h.operation_capacity, h.operation_bytes);
  const bool has_operations = h.operation_capacity != 0;  // not before 1.1
  if (comms == nullptr || links == nullptr || steps == nullptr || (has_operations && operations == nullptr) ||
      h.window_ns != kWindowNs)
    return absl::DataLossError(absl::StrCat(file, ": cut short or damaged"));
  TransportRecord record;
  record.path = file, record.host = Text(h.host), record.pid = h.pid, record.rank = h.rank;
  record.job_id = h.job_id, record.start_realtime_ns = h.start_realtime_ns;
  record.start_monotonic_ns = h.start_monotonic_ns;
  record.comms_dropped = h.comms_dropped.load(kRelaxed);
  record.links_dropped = h.links_dropped.load(kRelaxed);
  record.steps_dropped = h.steps_dropped.load(kRelaxed);
  for (uint32_t i = 0; i < h.comm_capacity; ++i) {
    if (comms[i].init_ns.load(kRelaxed) == 0) continue;
    record.communicators.push_back({i, comms[i].hash.load(kRelaxed), comms[i].init_ns.load(kRelaxed),
                                    comms[i].gone_ns.load(kRelaxed), comms[i].rank.load(kRelaxed),
                                    comms[i].nranks.load(kRelaxed), Text(comms[i].name)});
  }
  const auto known = [&](uint64_t key) {
    const uint32_t comm = LinkKey::Unpack(key).comm;
    return key >> 63 != 0 && comm < h.comm_capacity && comms[comm].init_ns.load(kRelaxed) != 0;
  };
  for (uint32_t i = 0; i < h.link_capacity; ++i) {
    const uint64_t key = links[i].key.load(kRelaxed);
    if (key == 0) continue;
    known(key) ? record.links.push_back(ReadLink(links[i], h.start_monotonic_ns)) : void(++record.malformed);
  }
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
  ReadOperations(h, operations, record);
  return record;
}

absl::StatusOr<TransportRecord> ReadTransportRecord(const std::string& path) {
  const auto file = files::MappedFile::Open(path, "transport record");
  return file.ok() ? ParseTransportRecord(file->bytes(), path) : file.status();
}

}  // namespace rankle::transport
