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

constexpr uint32_t kModules = 2, kNames = 2, kInjections = 2, kSites = 4;

struct SoundFile {
  FileHeader header;
  ModuleEntry modules[kModules];
  NameEntry names[kNames];
  InjectionEntry injections[kInjections];
  SiteEntry sites[kSites];
};

std::string MakeSoundFile() {
  static SoundFile file;
  FileHeader& h = file.header;
  std::memcpy(h.magic, kMagic, sizeof(kMagic));
  h.version_major = kVersionMajor, h.version_minor = kVersionMinor;
  h.header_bytes = sizeof(FileHeader), h.file_bytes = sizeof(SoundFile);
  h.module_offset = offsetof(SoundFile, modules), h.module_capacity = kModules;
  h.module_bytes = sizeof(ModuleEntry);
  h.name_offset = offsetof(SoundFile, names), h.name_capacity = kNames, h.name_bytes = sizeof(NameEntry);
  h.injection_offset = offsetof(SoundFile, injections), h.injection_capacity = kInjections;
  h.injection_bytes = sizeof(InjectionEntry);
  h.site_offset = offsetof(SoundFile, sites), h.site_capacity = kSites, h.site_bytes = sizeof(SiteEntry);
  for (ModuleEntry& module : file.modules) {
    module.ready = 1, module.build_id_bytes = 20;
    std::memcpy(module.path, "/bin/train", 11);
  }
  for (NameEntry& name : file.names) {
    name.ready = 1;
    std::memcpy(name.text, "St9exception", 13);
  }
  for (uint32_t i = 0; i < kInjections; ++i) file.injections[i].number = i + 1, file.injections[i].site = 7;
  for (uint32_t i = 0; i < kSites; ++i) {
    SiteEntry& site = file.sites[i];
    site.key = i + 1, site.id = i + 7, site.module = i % kModules, site.caller_module = kNoModule;
    site.api = 623, site.ready = 1, site.hits = 3;
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
