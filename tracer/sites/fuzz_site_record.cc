// Fuzzes the site-record reader: no input may crash it, make it read out of bounds or allocate without bound.
// The input is tried as a file, and as a list of patches (three bytes of position, one byte of value) to a
// sound file with small tables.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "tracer/files/fuzz_patches.h"
#include "tracer/sites/reader.h"

namespace {

using namespace rankle::sites;

struct SoundFile {
  FileHeader header;
  ModuleEntry module;
  NameEntry name;
  InjectionEntry injection;
  SiteEntry sites[4];
};

std::string MakeSoundFile() {
  static SoundFile file;
  FileHeader& h = file.header;
  std::memcpy(h.magic, kMagic, sizeof(kMagic));
  h.version_major = kVersionMajor, h.version_minor = kVersionMinor;
  h.header_bytes = sizeof(FileHeader), h.slot_offset = sizeof(FileHeader), h.slot_bytes = sizeof(Slot);
  h.slot_capacity = h.slots = 7;
  file.module.kind = SlotKind::kModule, file.module.build_id_bytes = 20;
  std::memcpy(file.module.path, "/bin/train", 11);
  file.name.kind = SlotKind::kName;
  std::memcpy(file.name.text, "St9exception", 13);
  file.injection.kind = SlotKind::kInjection, file.injection.site = 7;
  for (SiteEntry& site : file.sites) {
    site.kind = SlotKind::kSite, site.id = 7, site.module = 0, site.caller_module = kNoSlot;
    site.api = 623, site.hits = 3;
    site.outcomes[0].outcome = PackOutcome({OutcomeKind::kError, 111});
    site.outcomes[0].count = 2;
    site.outcomes[1].outcome = PackOutcome({OutcomeKind::kType, 1});
  }
  return std::string(reinterpret_cast<const char*>(&file), sizeof(file));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)ParseSiteRecord(std::string_view(reinterpret_cast<const char*>(data), size), "raw");

  static const std::string sound = MakeSoundFile();
  (void)ParseSiteRecord(rankle::files::Patched(sound, data, size), "patched");
  return 0;
}
