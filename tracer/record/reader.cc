#include "tracer/record/reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace rankle::record {
namespace {

constexpr int kTornRetries = 3;

uint64_t LoadHead(const char* at) {
  uint64_t head;
  std::memcpy(&head, at, sizeof(head));
  return head;
}

// Bounds-checked view of the sections of one file.
class Sections {
 public:
  Sections(std::string_view bytes, const FileHeader& header) : bytes_(bytes), header_(header) {}

  // Element `index` of a table, or nullptr where the file does not reach.
  const char* Element(uint64_t offset, uint64_t index, uint64_t element_bytes) const {
    if (offset > bytes_.size() || index > bytes_.size() / element_bytes) return nullptr;
    const uint64_t at = offset + index * element_bytes;
    if (at > bytes_.size() || bytes_.size() - at < element_bytes) return nullptr;
    return bytes_.data() + at;
  }

  std::string Text(uint32_t offset) const {
    if (offset == 0 || offset >= header_.string_capacity || header_.string_offset > bytes_.size()) return "";
    const uint64_t at = header_.string_offset + offset;
    if (at >= bytes_.size()) return "";
    const uint64_t room = std::min<uint64_t>({bytes_.size() - at, header_.string_capacity - offset, 4096});
    return std::string(bytes_.data() + at, strnlen(bytes_.data() + at, room));
  }

 private:
  std::string_view bytes_;
  const FileHeader& header_;
};

template <size_t N>
std::string FixedText(const char (&text)[N]) {
  return std::string(text, strnlen(text, N));
}

Process ReadProcess(const FileHeader& header) {
  Process process;
  process.rank = header.rank.load(std::memory_order_relaxed);
  process.world_size = header.world_size.load(std::memory_order_relaxed);
  process.local_rank = header.local_rank;
  process.local_world_size = header.local_world_size;
  process.rank_source = static_cast<RankSource>(header.rank_source.load(std::memory_order_relaxed));
  process.pid = header.pid;
  process.parent_pid = header.parent_pid;
  process.job_id = header.job_id;
  process.start_realtime_ns = header.start_realtime_ns;
  process.start_monotonic_ns = header.start_monotonic_ns;
  process.clock_uncertainty_ns = header.clock_uncertainty_ns;
  process.host = FixedText(header.host);
  process.command = FixedText(header.command);
  process.ended = header.ended.load(std::memory_order_relaxed) != 0;
  process.exit_status = header.exit_status.load(std::memory_order_relaxed);
  process.heartbeat_ns = header.heartbeat_ns.load(std::memory_order_relaxed);
  process.memory_in_use = header.memory_in_use.load(std::memory_order_relaxed);
  process.step = header.step.load(std::memory_order_relaxed);
  process.version_major = header.version_major;
  process.version_minor = header.version_minor;
  return process;
}

void ReadCommunicators(const Sections& sections, const FileHeader& header, FlightRecord& out) {
  const uint32_t used =
      std::min({header.comms_used.load(std::memory_order_relaxed), header.comm_capacity, uint32_t{kNoComm}});
  for (uint32_t i = 0; i < used; ++i) {
    const char* at = sections.Element(header.comm_offset, i, sizeof(CommEntry));
    if (at == nullptr) break;
    alignas(CommEntry) char copy[sizeof(CommEntry)];
    std::memcpy(copy, at, sizeof(copy));
    const auto& entry = *reinterpret_cast<const CommEntry*>(copy);
    Communicator comm;
    comm.id = entry.id.load(std::memory_order_relaxed);
    if (comm.id == 0) continue;  // claimed by a writer that never published it
    const uint32_t state = entry.state.load(std::memory_order_relaxed);
    if (state > static_cast<uint32_t>(CommState::kFailed)) {
      ++out.quality.malformed;
      continue;
    }
    comm.index = static_cast<uint16_t>(i);
    comm.parent_id = entry.parent_id;
    comm.handle = entry.handle;
    comm.state = static_cast<CommState>(state);
    comm.rank = entry.rank;
    comm.nranks = entry.nranks;
    comm.device = entry.device;
    comm.color = entry.color;
    comm.init_entered_ns = entry.init_entered_ns.load(std::memory_order_relaxed);
    comm.ready_ns = entry.ready_ns.load(std::memory_order_relaxed);
    comm.teardown_entered_ns = entry.teardown_entered_ns.load(std::memory_order_relaxed);
    comm.gone_ns = entry.gone_ns.load(std::memory_order_relaxed);
    comm.async_error = entry.async_error.load(std::memory_order_relaxed);
    comm.last_seq = entry.last_seq.load(std::memory_order_relaxed);
    comm.last_p2p_seq = entry.last_p2p_seq.load(std::memory_order_relaxed);
    comm.name = FixedText(entry.name);
    out.communicators.push_back(std::move(comm));
  }
}

void ReadSites(const Sections& sections, const FileHeader& header, FlightRecord& out) {
  if (header.sites_used.load(std::memory_order_relaxed) == 0) return;
  for (uint32_t i = 0; i < header.site_capacity; ++i) {
    const char* at = sections.Element(header.site_offset, i, sizeof(SiteEntry));
    if (at == nullptr) break;
    alignas(SiteEntry) char copy[sizeof(SiteEntry)];
    std::memcpy(copy, at, sizeof(copy));
    const auto& entry = *reinterpret_cast<const SiteEntry*>(copy);
    Site site;
    site.address = entry.address.load(std::memory_order_relaxed);
    if (site.address != 0) {
      site.module_offset = entry.module_offset;
      site.caller_address = entry.caller_address;
      site.hits = entry.hits.load(std::memory_order_relaxed);
      site.module = sections.Text(entry.module_name);
      site.symbol = sections.Text(entry.symbol_name);
    }
    out.sites.push_back(std::move(site));
  }
}

Event ToEvent(const Record& record, uint64_t head) {
  Event event;
  event.ticket = HeadTicket(head);
  event.kind = HeadKind(head);
  event.state = HeadState(head);
  event.entered_ns = record.entered_ns;
  const auto absolute = [&](const std::atomic<uint32_t>& packed) -> uint64_t {
    const uint32_t value = packed.load(std::memory_order_relaxed);
    return value == 0 ? 0 : record.entered_ns + UnpackDuration(value);
  };
  event.returned_ns = absolute(record.returned);
  event.started_ns = absolute(record.started);
  event.finished_ns = absolute(record.finished);
  event.api = record.api;
  event.comm = record.comm;
  event.count = record.count;
  event.seq = record.seq;
  event.peer = record.peer;
  event.stream = record.stream;
  event.group = record.group;
  event.thread = record.thread;
  event.site = record.site;
  event.dtype = record.dtype;
  event.redop = record.redop;
  event.result = record.result.load(std::memory_order_relaxed);
  if (event.kind == Kind::kCall) {  // calls take no number; since version 1.1 the field holds the result
    if (event.result == kClippedResult && record.seq > kClippedResult) event.result = record.seq;
    event.seq = 0;
  }
  event.flags = record.flags;
  return event;
}

enum class SlotContent { kEmpty, kTorn, kRecord };

// Copies one record out of a file that its writer may be changing: the copy counts when `head` is the same
// before and after.
SlotContent CopySlot(const char* at, char* copy, uint64_t* head) {
  for (int attempt = 0; attempt < kTornRetries; ++attempt) {
    const uint64_t before = LoadHead(at);
    if (HeadState(before) == State::kFree) return SlotContent::kEmpty;
    std::atomic_thread_fence(std::memory_order_acquire);
    std::memcpy(copy, at, sizeof(Record));
    std::atomic_thread_fence(std::memory_order_acquire);
    const uint64_t after = LoadHead(at);
    if (HeadState(before) != State::kWriting && HeadTicket(before) == HeadTicket(after) &&
        HeadState(after) != State::kWriting) {
      *head = before;
      return SlotContent::kRecord;
    }
  }
  return SlotContent::kTorn;
}

// Slots that were ever written: the first ticket is 1.
uint64_t SlotsInUse(const FileHeader& header) {
  const uint64_t tickets = header.next_ticket.load(std::memory_order_relaxed);
  return tickets >= header.record_capacity ? header.record_capacity
                                           : std::min<uint64_t>(tickets + 1, header.record_capacity);
}

// Of a record that is not wanted only the head is looked at, so that reading the end of a large ring is
// cheap.
bool IsWanted(uint64_t head, uint64_t oldest_ticket) {
  return HeadTicket(head) >= oldest_ticket || !IsOverwritable(HeadState(head));
}

void ReadRecords(const Sections& sections, const FileHeader& header, uint64_t newest, FlightRecord& out) {
  const uint64_t tickets = header.next_ticket.load(std::memory_order_relaxed);
  const uint64_t slots = SlotsInUse(header);
  const uint64_t oldest = newest == 0 || newest > tickets ? 0 : tickets - newest + 1;
  out.events.reserve(std::min<uint64_t>({slots, newest == 0 ? slots : newest, 1u << 20}));
  for (uint64_t i = 0; i < slots; ++i) {
    const char* at = sections.Element(header.record_offset, i, sizeof(Record));
    if (at == nullptr) break;
    if (!IsWanted(LoadHead(at), oldest)) continue;
    alignas(Record) char copy[sizeof(Record)];
    uint64_t head = 0;
    const SlotContent content = CopySlot(at, copy, &head);
    if (content == SlotContent::kEmpty) continue;
    if (content == SlotContent::kTorn) {
      ++out.quality.torn;
      continue;
    }
    Event event = ToEvent(*reinterpret_cast<const Record*>(copy), head);
    const bool known = event.kind > Kind::kNone && event.kind <= Kind::kMisuse &&
                       event.state <= State::kAborted && event.ticket <= tickets &&
                       (event.comm == kNoComm || event.comm < header.comm_capacity);
    if (!known) {
      ++out.quality.malformed;
      continue;
    }
    const bool has_site = event.kind != Kind::kException && event.kind != Kind::kSample;
    if (event.site > out.sites.size() && has_site) event.site = 0;
    const bool named = event.kind == Kind::kSample && (event.flags & kFlagNamed) != 0;
    if (event.kind == Kind::kException || named) event.text = sections.Text(event.site);
    out.events.push_back(std::move(event));
  }
  const uint64_t skipped = header.skipped.load(std::memory_order_relaxed);
  const uint64_t present = out.events.size() + out.quality.torn + out.quality.malformed;
  // Of a file that was cut short nobody knows what was overwritten and what is missing.
  out.quality.overwritten =
      tickets > skipped + present && !out.quality.truncated ? tickets - skipped - present : 0;
  const auto before = [](const Event& a, const Event& b) {
    return a.entered_ns != b.entered_ns ? a.entered_ns < b.entered_ns : a.ticket < b.ticket;
  };
  // Mostly they are in order: one thread issues, and the ring has not wrapped.
  if (!std::is_sorted(out.events.begin(), out.events.end(), before))
    std::sort(out.events.begin(), out.events.end(), before);
}

// May these bytes be taken for the header of a file that this program reads?
absl::Status CheckHeader(std::string_view bytes, const std::string& name) {
  if (!LooksLikeFlightRecord(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": not a flight record: give the output directory of a run"));
  }
  if (bytes.size() < sizeof(FileHeader)) {
    return absl::DataLossError(absl::StrCat(name, ": flight record cut short inside its header (",
                                            bytes.size(), " bytes): leave this file out"));
  }
  alignas(FileHeader) char copy[sizeof(FileHeader)];
  std::memcpy(copy, bytes.data(), sizeof(copy));
  const auto& header = *reinterpret_cast<const FileHeader*>(copy);
  if (header.version_major != kVersionMajor) {
    return absl::UnimplementedError(absl::StrCat(
        name, ": flight record of version ", header.version_major, ".", header.version_minor,
        ", this program reads version ", kVersionMajor, ".x: use the rankle version that recorded it"));
  }
  if (header.header_bytes != sizeof(FileHeader) || header.record_bytes != sizeof(Record)) {
    return absl::DataLossError(absl::StrCat(name, ": flight record with a damaged header (record size ",
                                            header.record_bytes, "): leave this file out"));
  }
  return absl::OkStatus();
}

absl::Status Parse(std::string_view bytes, const std::string& name, const ReadOptions& options,
                   FlightRecord& out) {
  if (absl::Status status = CheckHeader(bytes, name); !status.ok()) return status;
  alignas(FileHeader) char copy[sizeof(FileHeader)];
  std::memcpy(copy, bytes.data(), sizeof(copy));
  const auto& header = *reinterpret_cast<const FileHeader*>(copy);
  out.path = name;
  out.process = ReadProcess(header);
  out.communicators.clear(), out.sites.clear(), out.events.clear();
  out.quality = {};
  out.observed_ns = 0;
  out.quality.truncated = bytes.size() < header.file_bytes;
  out.quality.dropped = header.dropped.load(std::memory_order_relaxed);
  out.quality.comms_dropped = header.comms_dropped.load(std::memory_order_relaxed);
  out.quality.sites_dropped = header.sites_dropped.load(std::memory_order_relaxed);
  const Sections sections(bytes, header);
  ReadCommunicators(sections, header, out);
  if (options.sites) ReadSites(sections, header, out);
  ReadRecords(sections, header, options.newest, out);
  return absl::OkStatus();
}

struct OpenFile {
  int fd = -1;  // the caller closes it
  size_t size = 0;
};
absl::StatusOr<OpenFile> OpenRecord(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot be opened"));
  struct stat info {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) {
    close(fd);
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a flight record: empty or not a file"));
  }
  return OpenFile{fd, static_cast<size_t>(info.st_size)};
}

}  // namespace

bool LooksLikeFlightRecord(std::string_view first_bytes) {
  return first_bytes.size() >= sizeof(kMagic) && std::memcmp(first_bytes.data(), kMagic, sizeof(kMagic)) == 0;
}

absl::StatusOr<FlightRecord> ParseFlightRecord(std::string_view bytes, std::string_view file_name) {
  FlightRecord out;
  if (absl::Status status = Parse(bytes, std::string(file_name), {}, out); !status.ok()) return status;
  return out;
}

absl::StatusOr<FlightRecord> ReadFlightRecord(const std::string& path) {
  FlightRecord out;
  if (absl::Status status = ReadFlightRecord(path, {}, out); !status.ok()) return status;
  return out;
}

absl::Status ReadFlightRecord(const std::string& path, const ReadOptions& options, FlightRecord& out) {
  const auto file = OpenRecord(path);
  if (!file.ok()) return file.status();
  void* map = mmap(nullptr, file->size, PROT_READ, MAP_SHARED, file->fd, 0);
  const int error = errno;
  close(file->fd);
  if (map == MAP_FAILED) return absl::ErrnoToStatus(error, absl::StrCat(path, ": cannot be mapped"));
  const absl::Status status = Parse({static_cast<const char*>(map), file->size}, path, options, out);
  munmap(map, file->size);
  return status;
}

absl::StatusOr<Outline> ReadOutline(const std::string& path) {
  const auto file = OpenRecord(path);
  if (!file.ok()) return file.status();
  alignas(FileHeader) char copy[sizeof(FileHeader)];
  const ssize_t got = pread(file->fd, copy, sizeof(copy), 0);
  close(file->fd);
  const std::string_view bytes(copy, static_cast<size_t>(std::max<ssize_t>(got, 0)));
  if (absl::Status status = CheckHeader(bytes, path); !status.ok()) return status;
  const auto& header = *reinterpret_cast<const FileHeader*>(copy);
  return Outline{header.rank.load(std::memory_order_relaxed), header.job_id,
                 std::min<uint64_t>(SlotsInUse(header), file->size / sizeof(Record))};
}

}  // namespace rankle::record
