// Fuzzes the kernel-record reader: no input may crash it, make it read out of bounds or allocate without
// bound. The input is tried as a file, and as a list of patches (three bytes of position, one byte of value)
// to a sound file with small tables.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "tracer/cupti/reader.h"
#include "tracer/files/fuzz_patches.h"

namespace {

using namespace rankle::cupti;

constexpr uint32_t kNames = 4, kRows = 8;

struct SoundFile {
  FileHeader header;
  NameEntry names[kNames];
  KernelRow rows[kRows];
};

std::string MakeSoundFile() {
  static SoundFile file;
  FileHeader& h = file.header;
  std::memcpy(h.magic, kMagic, sizeof(kMagic));
  h.version_major = kVersionMajor, h.version_minor = kVersionMinor;
  h.header_bytes = sizeof(FileHeader), h.file_bytes = sizeof(SoundFile);
  h.name_offset = offsetof(SoundFile, names), h.name_capacity = kNames, h.name_bytes = sizeof(NameEntry);
  h.row_offset = offsetof(SoundFile, rows), h.row_capacity = kRows, h.row_bytes = sizeof(KernelRow);
  h.kernels = kRows;
  for (uint32_t i = 0; i < kNames; ++i) {
    file.names[i].used = 1;
    std::memcpy(file.names[i].text, "ncclDevKernel", 14);
  }
  for (uint32_t i = 0; i < kRows; ++i) {
    file.rows[i].number = i + 1, file.rows[i].start_ns = 100 * i + 1, file.rows[i].end_ns = 100 * i + 50;
    file.rows[i].name = i % kNames;
  }
  return std::string(reinterpret_cast<const char*>(&file), sizeof(file));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)ParseKernelRecord(std::string_view(reinterpret_cast<const char*>(data), size), "raw");

  static const std::string sound = MakeSoundFile();
  (void)ParseKernelRecord(rankle::files::Patched(sound, data, size), "patched");
  return 0;
}
