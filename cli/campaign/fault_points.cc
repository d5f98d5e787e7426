#include "cli/campaign/fault_points.h"

#include <fnmatch.h>
#include <string.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "cli/launch/text.h"
#include "injector/api/api.h"
#include "injector/plan/names.h"
#include "injector/sites/calls.h"
#include "tracer/sites/reader.h"

namespace rankle::cli {
namespace {

constexpr std::string_view kFrom = " from ";
// Of the errors that a manual page lists the first ones are the usual ones; what else a program meets in the
// campaign is added as it is seen.
constexpr size_t kUsualErrors = 2;

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The errors of a function that are worth injecting before any was seen: the usual ones, and of sockets what
// a wait that lasted too long comes to (SO_RCVTIMEO).
std::vector<std::string> UsualErrors(std::string_view function) {
  for (const sites::Call& call : sites::kCalls) {
    if (call.symbol != function) continue;
    std::vector<std::string> names = absl::StrSplit(std::string(call.errors), ' ', absl::SkipEmpty());
    const api::ApiInfo* info = api::FindApi(call.api);
    const bool may_time_out =
        info != nullptr && (info->groups & api::kSocket) != 0 && Contains(names, "EAGAIN");
    std::erase_if(names, [](const std::string& name) { return name == "EINTR" || name == "EAGAIN"; });
    if (names.size() > kUsualErrors) names.resize(kUsualErrors);
    if (may_time_out) names.emplace_back("EAGAIN");
    return names;
  }
  return {};
}

// 0 = no errno name.
int64_t ErrorByName(std::string_view name) {
  const std::optional<plan::ResultCode> code = plan::FindResult(name);
  return code.has_value() && code->kind == plan::ResultKind::kErrno ? code->value : 0;
}

// The error number that a signature is about ("connect: ECONNREFUSED"); 0 = it is about none.
int64_t ErrorOf(const stitch::Names& names, stitch::Signature signature) {
  const auto info = names.signatures.find(signature);
  if (info == names.signatures.end()) return 0;
  const size_t colon = info->second.text.rfind(": ");
  return colon == std::string::npos ? 0 : ErrorByName(info->second.text.substr(colon + 2));
}

bool IsChosen(const std::string& name, const PointFilter& filter) {
  const auto matches = [&](const std::string& glob) { return fnmatch(glob.c_str(), name.c_str(), 0) == 0; };
  return (filter.include.empty() || std::any_of(filter.include.begin(), filter.include.end(), matches)) &&
         std::none_of(filter.exclude.begin(), filter.exclude.end(), matches);
}

struct Reached {
  size_t profiles = 0;       // runs without a fault that reached the site
  std::set<int64_t> errors;  // seen there in any run
};

}  // namespace

std::string CallName(std::string_view function, std::string_view place) {
  return Cat(function, kFrom, place);
}

std::string FunctionOf(const stitch::SiteInfo& site) { return site.name.substr(0, site.name.find(kFrom)); }

std::vector<stitch::Fault> FaultsOf(const stitch::Observations& observations, const std::string& workload,
                                    const PointFilter& filter, const std::vector<uint64_t>& delays_ns) {
  std::map<stitch::SiteId, Reached> reached;
  size_t profiles = 0;
  for (const stitch::RunObservation& run : observations.runs) {
    if (run.workload != workload) continue;
    profiles += run.fault.has_value() ? 0 : 1;
    std::set<stitch::SiteId> sites;
    for (const stitch::SiteObservation& row : run.rows) {
      sites.insert(row.site);
      for (const stitch::Signature signature : row.signatures) {
        if (const int64_t error = ErrorOf(observations.names, signature); error != 0)
          reached[row.site].errors.insert(error);
      }
    }
    for (const stitch::SiteId site : sites) reached[site].profiles += run.fault.has_value() ? 0 : 1;
  }
  std::vector<stitch::Fault> faults;
  for (const auto& [site, what] : reached) {
    const auto info = observations.names.sites.find(site);
    if (info == observations.names.sites.end() || info->second.kind != stitch::SiteKind::kCall) continue;
    // What some plain runs reach and others do not may not be reached again.
    if (2 * what.profiles <= profiles || !IsChosen(info->second.name, filter)) continue;
    std::set<int64_t> errors = what.errors;
    for (const std::string& name : UsualErrors(FunctionOf(info->second))) errors.insert(ErrorByName(name));
    errors.erase(0);
    for (const int64_t error : errors)
      faults.push_back(
          {.site = site, .kind = stitch::FaultKind::kError, .parameter = error, .context = 0, .role = ""});
    for (const uint64_t delay : delays_ns) {
      faults.push_back({.site = site,
                        .kind = stitch::FaultKind::kDelay,
                        .parameter = static_cast<int64_t>(delay),
                        .context = 0,
                        .role = ""});
    }
  }
  return faults;
}

std::string PlanOf(const stitch::Fault& fault, const stitch::Names& names) {
  const auto info = names.sites.find(fault.site);
  if (info == names.sites.end()) return "";
  const std::string function = FunctionOf(info->second), site = sites::SiteIdText(fault.site);
  if (fault.kind == stitch::FaultKind::kDelay)
    return Cat("delay ", function, " time=", fault.parameter, "ns site=", site);
  if (fault.kind == stitch::FaultKind::kError)
    return Cat("fail ", function, " errno=", fault.parameter, " site=", site, " nth=1");
  return "";
}

}  // namespace rankle::cli
