#include "tracer/sites/reader.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "tracer/files/record_bytes.h"
#include "tracer/sites/site_id.h"

namespace rankle::sites {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;

using files::Text;

bool SoundModule(uint32_t module, const SiteRecord& record) {
  return module == kNoModule || (module < record.modules.size() && !record.modules[module].path.empty());
}

bool SoundOutcome(Outcome outcome, const SiteRecord& record) {
  if (outcome.kind == OutcomeKind::kNone || outcome.kind > kLastOutcomeKind) return false;
  // One more than there are names: the table was full.
  return outcome.kind != OutcomeKind::kType || outcome.value <= record.names.size();
}

Site CopySite(const SiteEntry& entry) {
  Site site;
  site.id = entry.id, site.api = entry.api, site.has_caller = entry.has_caller != 0;
  site.module = entry.module, site.caller_module = entry.caller_module;
  site.offset = entry.offset, site.caller_offset = entry.caller_offset;
  site.injected = entry.injected.load(kRelaxed), site.bytes = entry.bytes.load(kRelaxed);
  site.first_ns = entry.first_ns.load(kRelaxed), site.last_ns = entry.last_ns.load(kRelaxed);
  site.time_ns = entry.time_ns.load(kRelaxed), site.longest_ns = entry.longest_ns.load(kRelaxed);
  site.other_outcomes = entry.other_outcomes.load(kRelaxed);
  for (const OutcomeCount& slot : entry.outcomes) {
    const uint64_t packed = slot.outcome.load(kRelaxed);
    if (packed != 0) site.outcomes.push_back({UnpackOutcome(packed), slot.count.load(kRelaxed)});
  }
  site.hits = entry.hits.load(kRelaxed);  // last: a call that returned meanwhile has been entered, too
  return site;
}

bool Sound(const Site& site, const SiteRecord& record) {
  return site.id != 0 && site.id <= kLargestSiteId && site.api != 0 && SoundModule(site.module, record) &&
         SoundModule(site.caller_module, record) &&
         std::all_of(site.outcomes.begin(), site.outcomes.end(),
                     [&](const CountedOutcome& counted) { return SoundOutcome(counted.outcome, record); });
}

}  // namespace

uint64_t Site::Unreturned() const {
  uint64_t returned = other_outcomes;
  for (const CountedOutcome& counted : outcomes) returned += counted.count;
  return hits > returned ? hits - returned : 0;
}

bool LooksLikeSiteRecord(std::string_view first_bytes) { return files::HasMagic(first_bytes, kMagic); }

absl::StatusOr<SiteRecord> ParseSiteRecord(std::string_view bytes, std::string_view name) {
  const std::string file(name);
  const auto opened = files::OpenRecord<FileHeader>(bytes, file, kMagic, kVersionMajor, "site record");
  if (!opened.ok()) return opened.status();
  const FileHeader& h = opened->header();
  const auto* modules = opened->Table<ModuleEntry>(h.module_offset, h.module_capacity, h.module_bytes);
  const auto* names = opened->Table<NameEntry>(h.name_offset, h.name_capacity, h.name_bytes);
  const auto* injections =
      opened->Table<InjectionEntry>(h.injection_offset, h.injection_capacity, h.injection_bytes);
  const auto* entries = opened->Table<SiteEntry>(h.site_offset, h.site_capacity, h.site_bytes);
  if (modules == nullptr || names == nullptr || injections == nullptr || entries == nullptr)
    return absl::DataLossError(absl::StrCat(file, ": cut short or damaged"));
  SiteRecord record;
  record.path = file, record.host = Text(h.host), record.command = Text(h.command);
  record.pid = h.pid, record.rank = h.rank, record.job_id = h.job_id;
  record.start_realtime_ns = h.start_realtime_ns, record.start_monotonic_ns = h.start_monotonic_ns;
  record.injected = h.injections.load(kRelaxed), record.lost = h.lost.load(kRelaxed);
  record.lost_modules = h.lost_modules.load(kRelaxed), record.lost_names = h.lost_names.load(kRelaxed);
  for (uint32_t i = 0; i < h.module_capacity; ++i) {
    LoadedModule& module = record.modules.emplace_back();
    if (modules[i].ready.load(kAcquire) != 1) continue;
    const size_t length = std::min<size_t>(modules[i].build_id_bytes, sizeof(modules[i].build_id));
    module.build_id.assign(reinterpret_cast<const char*>(modules[i].build_id), length);
    module.base = modules[i].base, module.path = Text(modules[i].path);
  }
  for (uint32_t i = 0; i < h.name_capacity; ++i)
    record.names.push_back(names[i].ready.load(kAcquire) == 1 ? Text(names[i].text) : "");
  for (uint32_t i = 0; i < h.injection_capacity; ++i) {
    const InjectionEntry& entry = injections[i];
    const uint64_t number = entry.number.load(kAcquire);
    if (number == 0) continue;
    if (number != i + 1 || entry.site > kLargestSiteId) {
      ++record.malformed;
      continue;
    }
    record.injections.push_back(
        {entry.at_ns, entry.site, entry.call, entry.value, entry.api, entry.fault, entry.action});
  }
  for (uint32_t i = 0; i < h.site_capacity; ++i) {
    if (entries[i].key.load(kAcquire) == 0) continue;
    if (entries[i].ready.load(kAcquire) != 1) {  // being filled in, or its writer was killed at it
      ++record.malformed;
      continue;
    }
    Site site = CopySite(entries[i]);
    Sound(site, record) ? record.sites.push_back(std::move(site)) : void(++record.malformed);
  }
  std::sort(record.sites.begin(), record.sites.end(),
            [](const Site& a, const Site& b) { return std::tie(a.api, a.id) < std::tie(b.api, b.id); });
  return record;
}

absl::StatusOr<SiteRecord> ReadSiteRecord(const std::string& path) {
  const auto file = files::MappedFile::Open(path, "site record");
  return file.ok() ? ParseSiteRecord(file->bytes(), path) : file.status();
}

std::string SiteIdText(uint64_t id) {
  const std::string digits = absl::StrCat(absl::Hex(id, absl::kZeroPad12));
  return digits;
}

}  // namespace rankle::sites
