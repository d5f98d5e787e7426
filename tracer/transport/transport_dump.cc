// rankle-transport-dump FILE: the standalone reader of transport records. It needs format.h and the C library
// only, so it can be carried to a machine where nothing else of rankle is installed. Prints one JSON line a
// communicator, a link, a step in flight and a recent operation; ranks are those of the communicator.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/transport/format.h"

namespace {

using namespace rankle::transport;

constexpr const char* kMeasureNames[kMeasures] = {"latency_ns", "ns_per_mib"};

void PrintTimes(const Histogram (&times)[kMeasures]) {
  for (int m = 0; m < kMeasures; ++m) {
    uint32_t counts[kBuckets];
    uint64_t total = 0;
    for (int b = 0; b < kBuckets; ++b) total += counts[b] = times[m].buckets[b].load();
    if (total == 0) continue;
    printf(",\"%s\":{\"steps\":%lu,\"p10\":%.0f,\"p50\":%.0f,\"p90\":%.0f}", kMeasureNames[m], total,
           QuantileNs(counts, 0.1), QuantileNs(counts, 0.5), QuantileNs(counts, 0.9));
  }
}

void PrintLinkKey(uint64_t packed) {
  const LinkKey key = LinkKey::Unpack(packed);
  printf("\"comm\":%u,\"source\":%u,\"destination\":%u,\"channel\":%u,\"side\":\"%s\"", key.comm,
         key.is_send ? key.self : key.peer, key.is_send ? key.peer : key.self, key.channel,
         key.is_send ? "source" : "destination");
}

void PrintOperation(const OperationSlot& o) {
  printf("{\"operation\":%u,\"comm\":%u,\"function\":\"%.15s\",\"count\":%lu,\"sequence\":%lu,\"peer\":%d",
         o.number.load(), o.comm, o.function, o.count, o.sequence, o.peer);
  printf(",\"begun_ns\":%lu,\"last_moved_ns\":%lu,\"bytes\":%lu,\"open_links\":%u", o.begun_ns,
         o.last_moved_ns.load(), o.bytes.load(), o.open.load());
  printf(",\"sends\":{\"posted\":%u,\"moved\":%u},\"receives\":{\"posted\":%u,\"moved\":%u}}\n",
         o.posted[kSends].load(), o.moved[kSends].load(), o.posted[kReceives].load(),
         o.moved[kReceives].load());
}

bool Fits(uint64_t offset, uint64_t count, uint64_t element, uint64_t size) {
  return offset % 128 == 0 && offset <= size && count <= (size - offset) / element;
}

int Dump(const char* base, uint64_t size, const char* path) {
  if (size < sizeof(FileHeader) || memcmp(base, kMagic, sizeof(kMagic)) != 0) {
    fprintf(stderr, "rankle-transport-dump: %s: not a transport record\n", path);
    return 2;
  }
  const auto& h = *reinterpret_cast<const FileHeader*>(base);
  if (h.version_major != kVersionMajor || h.link_bytes != sizeof(LinkEntry) ||
      h.comm_bytes != sizeof(CommEntry) || h.step_bytes != sizeof(StepSlot) ||
      (h.operation_capacity != 0 && h.operation_bytes != sizeof(OperationSlot))) {
    fprintf(stderr, "rankle-transport-dump: %s: version %u, this program reads %u\n", path, h.version_major,
            kVersionMajor);
    return 2;
  }
  if (!Fits(h.comm_offset, h.comm_capacity, sizeof(CommEntry), size) ||
      !Fits(h.link_offset, h.link_capacity, sizeof(LinkEntry), size) ||
      !Fits(h.step_offset, h.step_capacity, sizeof(StepSlot), size) ||
      !Fits(h.operation_offset, h.operation_capacity, sizeof(OperationSlot), size)) {
    fprintf(stderr, "rankle-transport-dump: %s: cut short or damaged\n", path);
    return 2;
  }
  printf("{\"process\":{\"pid\":%d,\"rank\":%d,\"links_dropped\":%lu,\"steps_dropped\":%lu}}\n", h.pid,
         h.rank, h.links_dropped.load(), h.steps_dropped.load());
  const auto* comms = reinterpret_cast<const CommEntry*>(base + h.comm_offset);
  for (uint32_t i = 0; i < h.comm_capacity; ++i) {
    const CommEntry& c = comms[i];
    if (c.init_ns.load() == 0) continue;
    printf("{\"comm\":%u,\"hash\":\"%016lx\",\"rank\":%d,\"nranks\":%d}\n", i, c.hash.load(), c.rank.load(),
           c.nranks.load());
  }
  const auto* links = reinterpret_cast<const LinkEntry*>(base + h.link_offset);
  for (uint32_t i = 0; i < h.link_capacity; ++i) {
    const LinkEntry& l = links[i];
    if (l.key.load() == 0) continue;
    printf("{");
    PrintLinkKey(l.key.load());
    printf(",\"posted\":%lu,\"moved\":%lu,\"bytes\":%lu", l.posted.load(), l.moved.load(), l.bytes.load());
    PrintTimes(l.times);
    printf("}\n");
  }
  const auto* steps = reinterpret_cast<const StepSlot*>(base + h.step_offset);
  for (uint32_t i = 0; i < h.step_capacity; ++i) {
    const uint32_t link = steps[i].link.load();
    if (link == 0 || link > h.link_capacity) continue;
    printf("{\"in_flight\":%u,\"of_operation\":%u,", steps[i].step, steps[i].operation);
    PrintLinkKey(links[link - 1].key.load());
    printf(",\"posted_ns\":%lu,\"moving_ns\":%lu,\"arrived_ns\":%lu}\n", steps[i].posted_ns,
           steps[i].moving_ns, steps[i].arrived_ns);
  }
  const auto* operations = reinterpret_cast<const OperationSlot*>(base + h.operation_offset);
  for (uint32_t i = 0; i < h.operation_capacity; ++i) {
    if (operations[i].number.load() != 0) PrintOperation(operations[i]);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || argv[1][0] == '-') {
    fprintf(stderr, "usage: rankle-transport-dump FILE\n");
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
