// rankle-flight-dump FILE: the standalone reader of flight records. It needs format.h and the C library only,
// so it can be carried to a machine where nothing else of rankle is installed. Prints one JSON line for the
// process, one a communicator and one a record, in ring order. For joined, sorted and named output use
// `rankle trace cat`.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/record/format.h"

namespace {

using namespace rankle::record;

// Prints text as a JSON string; bytes that are not printable ASCII become '?', which keeps this tool free of
// tables.
void PrintText(const char* key, const char* text, size_t limit) {
  printf("\"%s\":\"", key);
  for (size_t i = 0; i < limit && text[i] != '\0'; ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\') putchar('\\');
    putchar(c >= 0x20 && c < 0x7f ? c : '?');
  }
  putchar('"');
}

void PrintProcess(const FileHeader& h) {
  printf("{\"process\":{\"pid\":%d,\"rank\":%d,\"world_size\":%d,\"version\":\"%u.%u\",", h.pid,
         h.rank.load(), h.world_size.load(), h.version_major, h.version_minor);
  PrintText("host", h.host, sizeof(h.host));
  putchar(',');
  PrintText("command", h.command, sizeof(h.command));
  printf(",\"start_monotonic_ns\":%lu,\"ended\":%u,\"exit_status\":%d,\"dropped\":%lu}}\n",
         h.start_monotonic_ns, h.ended.load(), h.exit_status.load(), h.dropped.load());
}

void PrintComm(uint32_t index, const CommEntry& c) {
  printf(
      "{\"comm\":%u,\"id\":\"%016lx\",\"rank\":%d,\"nranks\":%d,\"state\":%u,\"last_seq\":%u,\"last_p2p_"
      "seq\":%u,",
      index, c.id.load(), c.rank, c.nranks, c.state.load(), c.last_seq.load(), c.last_p2p_seq.load());
  PrintText("name", c.name, sizeof(c.name));
  printf("}\n");
}

void PrintRecord(const Record& r, uint64_t head) {
  printf(
      "{\"ticket\":%lu,\"kind\":%u,\"state\":%u,\"entered_ns\":%lu,\"returned\":%lu,\"started\":%lu,"
      "\"finished\":%lu,"
      "\"api\":%u,\"comm\":%d,\"count\":%lu,\"seq\":%u,\"peer\":%d,\"stream\":%u,\"group\":%u,\"thread\":%u,"
      "\"dtype\":%u,\"redop\":%u,\"result\":%u,\"flags\":%u}\n",
      HeadTicket(head), static_cast<unsigned>(HeadKind(head)), static_cast<unsigned>(HeadState(head)),
      r.entered_ns, UnpackDuration(r.returned.load()), UnpackDuration(r.started.load()),
      UnpackDuration(r.finished.load()), r.api, r.comm == kNoComm ? -1 : r.comm, r.count, r.seq, r.peer,
      r.stream, r.group, r.thread, r.dtype, r.redop, r.result.load(), r.flags);
}

bool Fits(uint64_t offset, uint64_t count, uint64_t element, uint64_t size) {
  return offset % 64 == 0 && offset <= size && count <= (size - offset) / element;
}

int Dump(const char* base, uint64_t size, const char* path) {
  if (size < sizeof(FileHeader) || memcmp(base, kMagic, sizeof(kMagic)) != 0) {
    fprintf(stderr, "rankle-flight-dump: %s: not a flight record\n", path);
    return 2;
  }
  const auto& header = *reinterpret_cast<const FileHeader*>(base);
  if (header.version_major != kVersionMajor || header.record_bytes != sizeof(Record)) {
    fprintf(stderr, "rankle-flight-dump: %s: version %u, this program reads %u\n", path, header.version_major,
            kVersionMajor);
    return 2;
  }
  if (!Fits(header.comm_offset, header.comm_capacity, sizeof(CommEntry), size) ||
      !Fits(header.record_offset, header.record_capacity, sizeof(Record), size)) {
    fprintf(stderr, "rankle-flight-dump: %s: cut short or damaged; `rankle trace cat` reads what is left\n",
            path);
    return 2;
  }
  PrintProcess(header);
  const auto* comms = reinterpret_cast<const CommEntry*>(base + header.comm_offset);
  for (uint32_t i = 0; i < header.comm_capacity; ++i) {
    if (comms[i].id.load() != 0) PrintComm(i, comms[i]);
  }
  const auto* records = reinterpret_cast<const Record*>(base + header.record_offset);
  for (uint32_t i = 0; i < header.record_capacity; ++i) {
    const uint64_t head = records[i].head.load();
    if (HeadState(head) != State::kFree && HeadState(head) != State::kWriting) PrintRecord(records[i], head);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || argv[1][0] == '-') {
    fprintf(stderr, "usage: rankle-flight-dump FILE\n");
    return 2;
  }
  const int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || fstat(fd, &info) != 0 || info.st_size <= 0) {
    perror(argv[1]);
    return 2;
  }
  const auto size = static_cast<size_t>(info.st_size);
  void* map = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (map == MAP_FAILED) {
    perror(argv[1]);
    return 2;
  }
  const int code = Dump(static_cast<const char*>(map), size, argv[1]);
  munmap(map, size);
  return code;
}
