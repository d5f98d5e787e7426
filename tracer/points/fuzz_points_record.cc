// Fuzzes the reader of points records: no input may crash it, make it read out of bounds or allocate without
// bound. The input is tried as a file, and as a list of patches (three bytes of position, one byte of value)
// to a sound file with small tables.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "detectors/instrument/runtime/rankle_points_format.h"
#include "tracer/files/fuzz_patches.h"
#include "tracer/points/points_record.h"

namespace {

using namespace rankle_points;

struct SoundFile {
  FileHeader header;
  SiteEntry sites[4];
  SignatureEntry signatures[4];
  NestEntry nests[4];
};

std::string MakeSoundFile() {
  static SoundFile file;
  FileHeader& h = file.header;
  std::memcpy(h.magic, "RNKLPTS1", sizeof(h.magic));
  h.version_major = kVersionMajor, h.version_minor = kVersionMinor;
  h.site_capacity = h.signature_capacity = h.nest_capacity = 4;
  h.site_bytes = sizeof(SiteEntry), h.signature_bytes = sizeof(SignatureEntry);
  h.sites_offset = offsetof(SoundFile, sites), h.signatures_offset = offsetof(SoundFile, signatures);
  h.nest_bytes = sizeof(NestEntry), h.nests_offset = offsetof(SoundFile, nests);
  for (NestEntry& nest : file.nests) nest.key = 1, nest.point = 7, nest.parent = 8, nest.bins[3] = 2;
  for (SiteEntry& site : file.sites) site.key = 1, site.point = 7, site.hits = 3;
  for (SignatureEntry& signature : file.signatures)
    signature.key = 1, signature.point = 7, signature.signature = 9, signature.steps = 2;
  return std::string(reinterpret_cast<const char*>(&file), sizeof(file));
}

void Read(std::string_view bytes) {
  const auto record = rankle::points_record::ReadPointsRecord(bytes, "fuzzed");
  if (record.ok()) (void)rankle::points_record::RecordJson(*record);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Read(std::string_view(reinterpret_cast<const char*>(data), size));
  static const std::string sound = MakeSoundFile();
  Read(rankle::files::Patched(sound, data, size));
  return 0;
}
