// Fuzzes the flight-record reader: no input may crash it, make it read out of bounds or allocate without
// bound. The input is tried as a file, and as a list of patches (two bytes of position, one byte of value) to
// a small sound file.
#include <stdlib.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

#include "tracer/record/reader.h"
#include "tracer/record/writer.h"

namespace {

using namespace rankle::record;

std::string SoundFile() {
  char directory[] = "/tmp/rankle-fuzz-XXXXXX";
  if (mkdtemp(directory) == nullptr) abort();
  const std::string path = std::string(directory) + "/seed.rkl";
  {
    Writer writer;
    WriterOptions options;
    options.record_capacity = 64;
    options.comm_capacity = 4;
    options.site_capacity = 64;
    options.string_capacity = 256;
    if (writer.Create(path.c_str(), options, {}) != 0) abort();
    NewRecord record;
    record.kind = Kind::kOperation;
    record.comm = writer.AddComm(7, 0, 0, 2, 0, -1, "dp", 1);
    record.site = writer.Site(0x1000, nullptr);
    for (uint32_t seq = 1; seq < 60; ++seq) {
      record.seq = seq;
      writer.Write(record);
    }
    record.kind = Kind::kException;
    record.site = writer.String("std::runtime_error");
    writer.Write(record);
  }
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  unlink(path.c_str());
  rmdir(directory);
  return bytes.str();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)ParseFlightRecord({reinterpret_cast<const char*>(data), size}, "raw");

  static const std::string sound = SoundFile();
  std::string patched = sound;
  for (size_t i = 0; i + 2 < size; i += 3) {
    const size_t position = (data[i] | size_t{data[i + 1]} << 8) % patched.size();
    patched[position] = static_cast<char>(data[i + 2]);
  }
  (void)ParseFlightRecord(patched, "patched");
  return 0;
}
