#include "cli/trace/sites.h"

#include <string.h>

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/import/nodes.h"
#include "injector/api/api.h"
#include "injector/api/results.h"
#include "injector/plan/names.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostNamed = 10;  // damaged records in one message: what a screen holds

CodeAddress AddressOf(const sites::SiteRecord& record, uint32_t module, uint64_t offset, Symbols& symbols) {
  CodeAddress address;
  address.offset = offset;
  const auto found = record.modules.find(module);
  if (found == record.modules.end()) return address;
  address.module = found->second.path, address.build_id = absl::BytesToHexString(found->second.build_id);
  address.source = symbols.CallBefore(address.module, found->second.build_id, offset);
  return address;
}

uint64_t RealStart(const sites::SiteRecord& record) { return record.start_realtime_ns; }

SiteCalls CallsOf(const sites::SiteRecord& record, const sites::Site& site, uint64_t run_start_ns) {
  const auto since = [&](uint64_t monotonic_ns) {
    if (monotonic_ns < record.start_monotonic_ns) return 0.0;
    const uint64_t real_ns = RealStart(record) + (monotonic_ns - record.start_monotonic_ns);
    return real_ns < run_start_ns ? 0.0 : static_cast<double>(real_ns - run_start_ns) * 1e-9;
  };
  SiteCalls calls;
  calls.host = record.host, calls.pid = record.pid, calls.rank = record.rank;
  calls.hits = site.hits, calls.injected = site.injected, calls.bytes = site.bytes;
  calls.unreturned = site.Unreturned();
  calls.first_s = since(site.first_ns), calls.last_s = since(site.last_ns);
  calls.time_s = static_cast<double>(site.time_ns) * 1e-9;
  calls.longest_s = static_cast<double>(site.longest_ns) * 1e-9;
  for (const sites::CountedOutcome& counted : site.outcomes)
    calls.outcomes[OutcomeName(record, site.api, counted.outcome)] += counted.count;
  if (site.other_outcomes > 0) calls.outcomes["other"] += site.other_outcomes;
  return calls;
}

}  // namespace

uint64_t FaultPoint::Hits() const { return Sum(&SiteCalls::hits); }
uint64_t FaultPoint::Injected() const { return Sum(&SiteCalls::injected); }

Outcomes FaultPoint::AllOutcomes() const {
  Outcomes all;
  for (const SiteCalls& calls : processes) {
    for (const auto& [name, count] : calls.outcomes) all[name] += count;
  }
  return all;
}

std::set<int32_t> FaultPoint::Ranks() const {
  std::set<int32_t> ranks;
  for (const SiteCalls& calls : processes) {
    if (calls.rank >= 0) ranks.insert(calls.rank);
  }
  return ranks;
}

absl::StatusOr<SiteRun> ReadSites(const std::string& path) {
  std::vector<std::string> files;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    for (const std::string& directory : import::WithNodeDirectories({path})) {
      for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
        if (entry.path().extension() == ".rks") files.push_back(entry.path().string());
      }
    }
  } else {
    files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  SiteRun run;
  for (const std::string& file : files) {
    absl::StatusOr<sites::SiteRecord> record = sites::ReadSiteRecord(file);
    if (!record.ok()) {
      run.problems.push_back(std::string(record.status().message()));
      continue;
    }
    if (record->lost > 0)
      run.problems.push_back(
          absl::StrCat(file, ": ", record->lost, " calls found no slot and are not counted"));
    if (record->malformed > 0)
      run.problems.push_back(absl::StrCat(file, ": ", record->malformed, " damaged entries were left out"));
    run.records.push_back(*std::move(record));
  }
  if (run.records.empty() && !run.problems.empty()) {
    const size_t named = std::min(run.problems.size(), kMostNamed);
    std::string text = absl::StrJoin(run.problems.begin(), run.problems.begin() + named, "; ");
    if (run.problems.size() > named) absl::StrAppend(&text, "; and ", run.problems.size() - named, " more");
    return absl::InvalidArgumentError(text);
  }
  if (run.records.empty())
    return absl::NotFoundError(
        absl::StrCat(path, ": no site records: run the job with `rankle run --sites -o ", path, "`"));
  std::sort(run.records.begin(), run.records.end(),
            [](const sites::SiteRecord& a, const sites::SiteRecord& b) {
              return std::tuple(RealStart(a), a.pid) < std::tuple(RealStart(b), b.pid);
            });
  return run;
}

std::vector<FaultPoint> FaultPoints(const std::vector<sites::SiteRecord>& records, Symbols& symbols) {
  uint64_t start_ns = UINT64_MAX;
  for (const sites::SiteRecord& record : records) start_ns = std::min(start_ns, RealStart(record));
  std::map<std::pair<uint16_t, uint64_t>, FaultPoint> points;
  for (const sites::SiteRecord& record : records) {
    for (const sites::Site& site : record.sites) {
      FaultPoint& point = points[{site.api, site.id}];
      if (point.id == 0) {
        point.id = site.id, point.api = site.api, point.has_caller = site.has_caller;
        point.place = AddressOf(record, site.module, site.offset, symbols);
        if (site.has_caller)
          point.caller = AddressOf(record, site.caller_module, site.caller_offset, symbols);
      }
      point.processes.push_back(CallsOf(record, site, start_ns));
    }
  }
  std::vector<FaultPoint> ordered;
  ordered.reserve(points.size());
  for (auto& [key, point] : points) ordered.push_back(std::move(point));
  return ordered;
}

std::string OutcomeName(const sites::SiteRecord& record, uint16_t api, sites::Outcome outcome) {
  const api::ApiInfo* const info = api::FindApi(api);
  switch (outcome.kind) {
    case sites::OutcomeKind::kError: {
      const auto value = static_cast<int>(outcome.value);
      if (info != nullptr && plan::ResultKindOf(*info) == plan::ResultKind::kResolver)
        return plan::ResultName(plan::ResultKind::kResolver, value);
      const char* const name = strerrorname_np(value);
      return name != nullptr ? name : absl::StrCat("errno ", value);
    }
    case sites::OutcomeKind::kShort:
      return "short";
    case sites::OutcomeKind::kEnd:
      return "end";
    case sites::OutcomeKind::kTimeout:
      return "timeout";
    case sites::OutcomeKind::kResult: {
      const auto value = static_cast<int>(outcome.value);
      const bool nccl = info != nullptr && info->library == api::Library::kNccl;
      return nccl ? api::NcclResultName(value) : api::CudaResultName(value);
    }
    case sites::OutcomeKind::kType: {
      const auto name = record.names.find(outcome.value);
      return name != record.names.end() ? Demangled(name->second) : "(type not kept)";
    }
    case sites::OutcomeKind::kOk:
    case sites::OutcomeKind::kNone:
      break;
  }
  return "ok";
}

}  // namespace rankle::cli
