// Fault points and injections as lines, for people and for programs.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/trace/sites.h"
#include "injector/api/api.h"
#include "injector/plan/catalogue.h"
#include "injector/sites/calls.h"

namespace rankle::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string FileName(const std::string& path) { return std::filesystem::path(path).filename().string(); }

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

std::string FaultPointText(const FaultPoint& point) {
  std::vector<std::string> outcomes;
  for (const auto& [name, count] : point.AllOutcomes()) outcomes.push_back(absl::StrCat(name, " ", count));
  const uint64_t unreturned = point.Sum(&SiteCalls::unreturned);
  if (unreturned > 0) outcomes.push_back(absl::StrCat("not returned ", unreturned));
  if (point.Injected() > 0) outcomes.push_back(absl::StrCat("injected ", point.Injected()));
  const std::set<int32_t> ranks = point.Ranks();
  const std::string who =
      ranks.empty() ? absl::StrCat(point.processes.size(),
                                   point.processes.size() == 1 ? " process" : " processes", ", no rank")
                    : absl::StrCat("ranks ", absl::StrJoin(ranks, ","));
  std::string text =
      absl::StrFormat("%s  %-22s %s, %.3f s: %s  [%s]\n    at %s\n", sites::SiteIdText(point.id),
                      api::ApiName(point.api), Times(point.Hits()), point.Sum(&SiteCalls::time_s),
                      absl::StrJoin(outcomes, ", "), who, AddressText(point.place));
  if (point.has_caller) absl::StrAppend(&text, "    from ", AddressText(point.caller), "\n");
  return text;
}

std::string FaultPointJson(const FaultPoint& point) {
  Json json = {{"site", sites::SiteIdText(point.id)},
               {"function", api::ApiName(point.api)},
               {"hits", point.Hits()},
               {"injected", point.Injected()},
               {"unreturned", point.Sum(&SiteCalls::unreturned)},
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
