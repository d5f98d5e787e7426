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

bool SoundModule(uint32_t slot, const SiteRecord& record) {
  return slot == kNoSlot || record.modules.contains(slot);
}

bool SoundOutcome(Outcome outcome, const SiteRecord& record) {
  if (outcome.kind == OutcomeKind::kNone || outcome.kind > kLastOutcomeKind) return false;
  return outcome.kind != OutcomeKind::kType || outcome.value == kNoSlot ||
         record.names.contains(outcome.value);
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

LoadedModule ReadModule(const ModuleEntry& entry) {
  const size_t length = std::min<size_t>(entry.build_id_bytes, sizeof(entry.build_id));
  return {Text(entry.path), std::string(reinterpret_cast<const char*>(entry.build_id), length), entry.base};
}

FiredFault ReadInjection(const InjectionEntry& entry) {
  return {entry.at_ns, entry.site, entry.call, entry.value, entry.api, entry.fault, entry.action};
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
  const uint32_t capacity = h.slot_capacity.load(kAcquire);
  const auto* slots = opened->Table<Slot>(h.slot_offset, capacity, h.slot_bytes);
  if (slots == nullptr) return absl::DataLossError(absl::StrCat(file, ": cut short or damaged"));
  SiteRecord record;
  record.path = file, record.host = Text(h.host), record.command = Text(h.command);
  record.pid = h.pid, record.rank = h.rank, record.job_id = h.job_id;
  record.start_realtime_ns = h.start_realtime_ns, record.start_monotonic_ns = h.start_monotonic_ns;
  record.injected = h.injections.load(kRelaxed), record.lost = h.lost.load(kRelaxed);
  const uint32_t taken = std::min(h.slots.load(kAcquire), capacity);
  // Sites refer to modules and names, which may come later in the file: two rounds.
  for (uint32_t slot = 0; slot < taken; ++slot) {
    const SlotKind kind = slots[slot].kind.load(kAcquire);
    if (kind == SlotKind::kModule)
      record.modules.emplace(slot, ReadModule(reinterpret_cast<const ModuleEntry&>(slots[slot])));
    else if (kind == SlotKind::kName)
      record.names.emplace(slot, Text(reinterpret_cast<const NameEntry&>(slots[slot]).text));
    else if (kind > SlotKind::kInjection)
      ++record.malformed;
  }
  for (uint32_t slot = 0; slot < taken; ++slot) {
    const SlotKind kind = slots[slot].kind.load(kAcquire);
    if (kind == SlotKind::kInjection) {
      const FiredFault fault = ReadInjection(reinterpret_cast<const InjectionEntry&>(slots[slot]));
      fault.site <= kLargestSiteId ? record.injections.push_back(fault) : void(++record.malformed);
    } else if (kind == SlotKind::kSite) {
      Site site = CopySite(reinterpret_cast<const SiteEntry&>(slots[slot]));
      Sound(site, record) ? record.sites.push_back(std::move(site)) : void(++record.malformed);
    }
  }
  std::sort(record.sites.begin(), record.sites.end(),
            [](const Site& a, const Site& b) { return std::tie(a.api, a.id) < std::tie(b.api, b.id); });
  return record;
}

absl::StatusOr<SiteRecord> ReadSiteRecord(const std::string& path) {
  const auto file = files::MappedFile::Open(path, "site record");
  return file.ok() ? ParseSiteRecord(file->bytes(), path) : file.status();
}

std::string SiteIdText(uint64_t id) { return absl::StrCat(absl::Hex(id, absl::kZeroPad12)); }

}  // namespace rankle::sites
