// Fuzzes the transport-record reader: no input may crash it, make it read out of bounds or allocate without
// bound. The input is tried as a file, and as a list of patches (three bytes of position, one byte of value)
// to a sound file with small tables.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "tracer/files/fuzz_patches.h"
#include "tracer/transport/reader.h"

namespace {

using namespace rankle::transport;

constexpr uint32_t kComms = 2, kLinks = 4, kSteps = 4, kOperations = 4;

struct SoundFile {
  FileHeader header;
  CommEntry comms[kComms];
  LinkEntry links[kLinks];
  StepSlot steps[kSteps];
  OperationSlot operations[kOperations];
};

std::string MakeSoundFile() {
  static SoundFile file;
  FileHeader& h = file.header;
  std::memcpy(h.magic, kMagic, sizeof(kMagic));
  h.version_major = kVersionMajor, h.version_minor = kVersionMinor;
  h.header_bytes = sizeof(FileHeader), h.file_bytes = sizeof(SoundFile);
  h.comm_offset = offsetof(SoundFile, comms), h.comm_capacity = kComms, h.comm_bytes = sizeof(CommEntry);
  h.link_offset = offsetof(SoundFile, links), h.link_capacity = kLinks, h.link_bytes = sizeof(LinkEntry);
  h.step_offset = offsetof(SoundFile, steps), h.step_capacity = kSteps, h.step_bytes = sizeof(StepSlot);
  h.operation_offset = offsetof(SoundFile, operations), h.operation_capacity = kOperations;
  h.operation_bytes = sizeof(OperationSlot);
  h.window_count = kWindows, h.window_ns = kWindowNs, h.bucket_count = kBuckets;
  file.comms[0].init_ns = 5, file.comms[0].nranks = 2;
  for (uint32_t i = 0; i < kLinks; ++i) {
    file.links[i].key = LinkKey{0, i, i + 1, 0, i % 2 == 0}.Pack();
    file.links[i].windows[0].number = i;
    file.steps[i].link = i + 1, file.steps[i].operation = i + 1;
    file.operations[i].number = i + 1;
    std::memcpy(file.operations[i].function, "AllReduce", 10);
  }
  return std::string(reinterpret_cast<const char*>(&file), sizeof(file));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)ParseTransportRecord(std::string_view(reinterpret_cast<const char*>(data), size), "raw");

  static const std::string sound = MakeSoundFile();
  (void)ParseTransportRecord(rankle::files::Patched(sound, data, size), "patched");
  return 0;
}
