#include "cli/trace/sites.h"

#include <string.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <tuple>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "analyzer/import/nodes.h"
#include "injector/api/api.h"
#include "injector/api/results.h"
#include "injector/plan/catalogue.h"
#include "injector/plan/names.h"
#include "injector/sites/calls.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string FileName(const std::string& path) { return fs::path(path).filename().string(); }

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

template <typename Value>
Value Sum(const FaultPoint& point, Value SiteCalls::*field) {
  Value sum = 0;
  for (const SiteCalls& calls : point.processes) sum += calls.*field;
  return sum;
}

std::string AddressText(const CodeAddress& address) {
  if (address.module.empty()) return absl::StrFormat("0x%x", address.offset);
  const SourcePlace& source = address.source;
  std::string text = source.function.empty() ? absl::StrFormat("+0x%x", address.offset) : source.function;
  if (!source.file.empty()) absl::StrAppend(&text, " (", FileName(source.file), ":", source.line, ")");
  return absl::StrCat(text, " in ", FileName(address.module));
}

Json AddressJson(const CodeAddress& address) {
  Json json = {{"module", address.module}, {"build_id", address.build_id}, {"offset", address.offset}};
  const auto known = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  json["function"] = known(address.source.function);
  json["file"] = known(address.source.file);
  json["line"] = address.source.file.empty() ? Json() : Json(address.source.line);
  return json;
}

Json CallsJson(const SiteCalls& calls) {
  return {{"host", calls.host},
          {"pid", calls.pid},
          {"rank", calls.rank < 0 ? Json() : Json(calls.rank)},
          {"hits", calls.hits},
          {"injected", calls.injected},
          {"unreturned", calls.unreturned},
          {"bytes", calls.bytes},
          {"first_s", calls.first_s},
          {"last_s", calls.last_s},
          {"time_s", calls.time_s},
          {"longest_s", calls.longest_s},
          {"outcomes", calls.outcomes}};
}

// What may be injected: the errors that this function is known to give.
Json ErrorsJson(uint16_t api) {
  const sites::Call* const call = sites::FindCall(api);
  if (call == nullptr) return Json::array();
  return std::vector<std::string>(absl::StrSplit(std::string(call->errors), ' ', absl::SkipEmpty()));
}

bool CanBeShort(uint16_t api) {
  const sites::Call* const call = sites::FindCall(api);
  return call != nullptr && call->transfer != sites::Transfer::kNone;
}

std::string Times(uint64_t count) { return absl::StrCat(count, count == 1 ? " call" : " calls"); }

}  // namespace

uint64_t FaultPoint::Hits() const { return Sum(*this, &SiteCalls::hits); }
uint64_t FaultPoint::Injected() const { return Sum(*this, &SiteCalls::injected); }

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
  if (run.records.empty() && files.size() == 1 && !run.problems.empty())
    return absl::InvalidArgumentError(run.problems.front());
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

std::string FaultPointText(const FaultPoint& point) {
  std::vector<std::string> outcomes;
  for (const auto& [name, count] : point.AllOutcomes()) outcomes.push_back(absl::StrCat(name, " ", count));
  const uint64_t unreturned = Sum(point, &SiteCalls::unreturned);
  if (unreturned > 0) outcomes.push_back(absl::StrCat("not returned ", unreturned));
  if (point.Injected() > 0) outcomes.push_back(absl::StrCat("injected ", point.Injected()));
  const std::set<int32_t> ranks = point.Ranks();
  const std::string who =
      ranks.empty() ? absl::StrCat(point.processes.size(),
                                   point.processes.size() == 1 ? " process" : " processes", ", no rank")
                    : absl::StrCat("ranks ", absl::StrJoin(ranks, ","));
  std::string text =
      absl::StrFormat("%s  %-22s %s, %.3f s: %s  [%s]\n    at %s\n", sites::SiteIdText(point.id),
                      api::ApiName(point.api), Times(point.Hits()), Sum(point, &SiteCalls::time_s),
                      absl::StrJoin(outcomes, ", "), who, AddressText(point.place));
  if (point.has_caller) absl::StrAppend(&text, "    from ", AddressText(point.caller), "\n");
  return text;
}

std::string FaultPointJson(const FaultPoint& point) {
  Json json = {{"site", sites::SiteIdText(point.id)},
               {"function", api::ApiName(point.api)},
               {"hits", point.Hits()},
               {"injected", point.Injected()},
               {"unreturned", Sum(point, &SiteCalls::unreturned)},
               {"outcomes", point.AllOutcomes()},
               {"ranks", point.Ranks()},
               {"place", AddressJson(point.place)},
               {"caller", point.has_caller ? AddressJson(point.caller) : Json()},
               {"errors", ErrorsJson(point.api)},
               {"can_be_short", CanBeShort(point.api)}};
  Json processes = Json::array();
  for (const SiteCalls& calls : point.processes) processes.push_back(CallsJson(calls));
  json["processes"] = std::move(processes);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string InjectionsJson(const sites::SiteRecord& record) {
  std::string text;
  for (const sites::FiredFault& fault : record.injections) {
    const auto* const action = plan::FindAction(static_cast<plan::Action>(fault.action));
    const Json json = {{"injection", action != nullptr ? action->name : "unknown"},
                       {"fault", fault.fault},
                       {"site", fault.site != 0 ? Json(sites::SiteIdText(fault.site)) : Json()},
                       {"function", api::ApiName(fault.api)},
                       {"call", fault.call},
                       {"value", static_cast<int64_t>(fault.value)},
                       {"pid", record.pid},
                       {"rank", record.rank < 0 ? Json() : Json(record.rank)},
                       {"monotonic_ns", fault.at_ns}};
    absl::StrAppend(&text, json.dump(), "\n");
  }
  return text;
}

}  // namespace rankle::cli
