#include "cli/launch/progress_sampler.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>
#include <memory>

#include "cli/launch/files.h"
#include "cli/launch/process_tree.h"
#include "cli/launch/text.h"
#include "tracer/record/format.h"

namespace rankle::cli {
namespace {

using record::CommEntry;
using record::CommState;
using record::FileHeader;
using record::Kind;
using record::Record;
using record::State;

// Sections are copied out of the file in pieces of this many entries, so that a hostile capacity costs no
// memory.
constexpr size_t kEntriesAtOnce = 1024;

// What the process has read and written through system calls, sockets included; 0 where it may not be asked.
uint64_t FileBytes(int pid) {
  const absl::StatusOr<std::string> io = ReadFile(Cat("/proc/", pid, "/io"));
  uint64_t total = 0;
  unsigned long long read_bytes = 0, written_bytes = 0;
  if (io.ok() && sscanf(io->c_str(), "rchar: %llu wchar: %llu", &read_bytes, &written_bytes) == 2)
    total = read_bytes + written_bytes;
  return total;
}

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15u + (hash << 6) + (hash >> 2);
  return hash;
}

bool ReadHeader(int fd, FileHeader& header) {
  return pread(fd, static_cast<void*>(&header), sizeof(header), 0) == static_cast<ssize_t>(sizeof(header)) &&
         memcmp(header.magic, record::kMagic, sizeof(header.magic)) == 0 &&
         header.version_major == record::kVersionMajor;
}

// Calls visit(entry) for the first `count` entries of a table; stops quietly where the file ends.
template <typename Entry, typename Visit>
void ForEach(int fd, uint64_t offset, uint64_t count, Visit visit) {
  const auto buffer = std::make_unique<Entry[]>(kEntriesAtOnce);
  for (uint64_t first = 0; first < count;) {
    const size_t wanted = std::min<uint64_t>(kEntriesAtOnce, count - first);
    const ssize_t bytes = pread(fd, static_cast<void*>(buffer.get()), wanted * sizeof(Entry),
                                static_cast<off_t>(offset + first * sizeof(Entry)));
    if (bytes <= 0) return;
    const size_t whole = static_cast<size_t>(bytes) / sizeof(Entry);
    if (whole == 0) return;
    for (size_t i = 0; i < whole; ++i) visit(buffer[i]);
    first += whole;
  }
}

void NoteInFlight(uint64_t since_ns, ProcessProgress& progress) {
  uint64_t& oldest = progress.oldest_in_flight_ns;
  if (since_ns != 0 && (oldest == 0 || since_ns < oldest)) oldest = since_ns;
}

// What the communicator table says: operations entered and life-cycle steps. Cheap, read at every sample.
uint64_t ReadCommunicators(int fd, const FileHeader& header, ProcessProgress& progress) {
  uint64_t signature = Mix(0, static_cast<uint64_t>(header.step.load()));
  const uint64_t used = std::min(header.comms_used.load(), header.comm_capacity);
  ForEach<CommEntry>(fd, header.comm_offset, used, [&](const CommEntry& comm) {
    const auto state = static_cast<CommState>(comm.state.load());
    signature = Mix(signature, comm.last_seq.load());
    signature = Mix(signature, comm.last_p2p_seq.load());
    signature = Mix(signature, static_cast<uint64_t>(state));
    progress.in_communicator |= state >= CommState::kInitialising && state <= CommState::kFinalizing;
    if (state == CommState::kInitialising) NoteInFlight(comm.init_entered_ns.load(), progress);
  });
  return signature;
}

// What is in flight, and a signature of the states of all operations: read only when nothing new was entered.
uint64_t ReadRecords(int fd, const FileHeader& header, ProcessProgress& progress) {
  uint64_t signature = 0;
  progress.activity = Mix(header.next_ticket.load(), header.dropped.load());
  // Slots are claimed in ticket order; before the ring wraps, the rest of it has never been written.
  const uint64_t used = std::min<uint64_t>(header.next_ticket.load() + 1, header.record_capacity);
  ForEach<Record>(fd, header.record_offset, used, [&](const Record& record) {
    const uint64_t head = record.head.load();
    const Kind kind = record::HeadKind(head);
    const State state = record::HeadState(head);
    if (kind == Kind::kOperation) {
      signature += Mix(record::HeadTicket(head), static_cast<uint64_t>(state));
      if (state == State::kEntered || state == State::kEnqueued) NoteInFlight(record.entered_ns, progress);
    } else if (kind == Kind::kCall) {
      progress.activity += Mix(record::HeadTicket(head), static_cast<uint64_t>(state));
      if (state == State::kEntered) NoteInFlight(record.entered_ns, progress);
    }
  });
  return signature;
}

}  // namespace

void ProgressSampler::FindNewRecords() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(output_dir_.c_str()), closedir);
  if (!directory) return;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (!name.starts_with("flight-") || !name.ends_with(".rkl") || sources_.contains(name)) continue;
    FileDescriptor file(open(Cat(output_dir_, "/", name).c_str(), O_RDONLY | O_CLOEXEC));
    if (file.is_open()) sources_[name] = Source{.file = std::move(file), .entered = 0, .last = {}};
  }
}

std::optional<ProcessProgress> ProgressSampler::SampleRecord(Source& source) {
  const auto header = std::make_unique<FileHeader>();
  if (!ReadHeader(source.file.get(), *header)) return std::nullopt;
  ProcessProgress progress{.pid = header->pid,
                           .alive = header->ended.load() == 0 && IsRunning(header->pid),
                           .signature = source.last.signature,
                           .activity = source.last.activity,
                           .in_communicator = false,
                           .oldest_in_flight_ns = 0,
                           .file_bytes = 0};
  if (!progress.alive) return source.last = progress;
  const uint64_t entered = ReadCommunicators(source.file.get(), *header, progress);
  if (entered != source.entered) {
    source.entered = entered;
    progress.signature = Mix(source.last.signature, entered);
  } else {
    progress.signature = Mix(entered, ReadRecords(source.file.get(), *header, progress));
    // Asked for only while nothing was entered: nobody pays for it while the job runs.
    progress.file_bytes = FileBytes(header->pid);
  }
  return source.last = progress;
}

std::vector<ProcessProgress> ProgressSampler::Sample() {
  FindNewRecords();
  std::vector<ProcessProgress> samples;
  for (auto& [name, source] : sources_) {
    if (std::optional<ProcessProgress> progress = SampleRecord(source)) samples.push_back(*progress);
  }
  return samples;
}

}  // namespace rankle::cli
