#include "cli/campaign/fault_points.h"

#include <fnmatch.h>
#include <string.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "cli/campaign/fault_plan.h"
#include "cli/campaign/site_names.h"
#include "cli/launch/text.h"
#include "injector/api/api.h"
#include "injector/plan/names.h"
#include "injector/sites/calls.h"

namespace rankle::cli {
namespace {

// Of the errors that a manual page lists the first ones are the usual ones; what else a program meets in the
// campaign is added as it is seen.
constexpr size_t kUsualErrors = 2;
// Of a wait for readiness, as records tell it.
constexpr std::string_view kTimeOutOutcome = "timeout";

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsOf(std::string_view function, uint32_t group) {
  const api::ApiInfo* info = api::FindApi(function);
  return info != nullptr && (info->groups & group) != 0;
}

// Of NCCL and CUDA, what a program meets that did nothing wrong: a peer that is gone, a network or driver
// that fails, no memory, a kernel that broke the context before.
std::vector<std::string> UsualResults(const api::ApiInfo& function) {
  const bool allocates = (function.groups & api::kMalloc) != 0;
  switch (plan::ResultKindOf(function)) {
    case plan::ResultKind::kNccl:
      return {"ncclRemoteError", "ncclSystemError"};
    case plan::ResultKind::kCudaRuntime:
      return {allocates ? "cudaErrorMemoryAllocation" : "cudaErrorLaunchFailure"};
    case plan::ResultKind::kCudaDriver:
      return {allocates ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_LAUNCH_FAILED"};
    default:
      return {};
  }
}

// The errors of a function that are worth injecting before any was seen: the usual ones, and of sockets what
// a wait that lasted too long comes to (SO_RCVTIMEO).
std::vector<std::string> UsualErrors(std::string_view function) {
  for (const sites::Call& call : sites::kCalls) {
    if (call.symbol != function) continue;
    std::vector<std::string> names = absl::StrSplit(std::string(call.errors), ' ', absl::SkipEmpty());
    const bool may_time_out = IsOf(function, api::kSocket) && Contains(names, "EAGAIN");
    std::erase_if(names, [](const std::string& name) { return name == "EINTR" || name == "EAGAIN"; });
    if (names.size() > kUsualErrors) names.resize(kUsualErrors);
    if (may_time_out) names.emplace_back("EAGAIN");
    return names;
  }
  const api::ApiInfo* info = api::FindApi(function);
  return info == nullptr ? std::vector<std::string>{} : UsualResults(*info);
}

// 0 = no error that the function returns.
int64_t ErrorByName(std::string_view function, std::string_view name) {
  const std::optional<plan::ResultCode> code = plan::FindResult(name);
  return code.has_value() && code->kind == KindOfErrors(function) && code->value != stitch::kTimeOut
             ? code->value
             : 0;
}

// What a signature is about ("connect: ECONNREFUSED").
std::string OutcomeOf(const stitch::Names& names, stitch::Signature signature) {
  const auto info = names.signatures.find(signature);
  const size_t colon = info == names.signatures.end() ? std::string::npos : info->second.text.rfind(": ");
  return colon == std::string::npos ? "" : info->second.text.substr(colon + 2);
}

bool Matches(const std::string& glob, const std::string& name) {
  return fnmatch(glob.c_str(), name.c_str(), 0) == 0;
}

bool IsChosen(stitch::SiteId site, const std::string& name, const PointFilter& filter) {
  const auto matches = [&](const std::string& glob) { return Matches(glob, name); };
  const bool all = filter.include.empty() && filter.ids.empty();
  const bool named = std::find(filter.ids.begin(), filter.ids.end(), site) != filter.ids.end();
  return (all || named || std::any_of(filter.include.begin(), filter.include.end(), matches)) &&
         std::none_of(filter.exclude.begin(), filter.exclude.end(), matches);
}

// What can be injected besides delays: errors of a call, and what an instrumented point does wrong.
std::vector<stitch::Fault> ErrorsAt(stitch::SiteId site, const stitch::SiteInfo& info, std::set<int64_t> seen,
                                    bool may_time_out) {
  using stitch::FaultKind, stitch::SiteKind;
  std::vector<stitch::Fault> faults;
  const auto add = [&](FaultKind kind, int64_t parameter) {
    faults.push_back({.site = site, .kind = kind, .parameter = parameter, .context = 0, .role = ""});
  };
  if (IsPoint(info)) {
    if (info.kind == SiteKind::kThrow) add(FaultKind::kError, 0);
    if (info.kind == SiteKind::kDetector) add(FaultKind::kNegation, 0);
  } else if (info.kind == SiteKind::kCall) {
    if (may_time_out) seen.insert(stitch::kTimeOut);
    const std::string function = FunctionOf(info);
    for (const std::string& name : UsualErrors(function)) seen.insert(ErrorByName(function, name));
    seen.erase(0);
    for (const int64_t error : seen) add(FaultKind::kError, error);
  }
  return faults;
}

// What an error call of the source returns is not on record, so no cycle can go on from its errors; the call
// site behind it has delays of its own.
bool CanBeDelayed(const stitch::SiteInfo& info) {
  return info.kind == (IsPoint(info) ? stitch::SiteKind::kLoop : stitch::SiteKind::kCall);
}

struct Reached {
  size_t profiles = 0;             // runs without a fault that reached the site
  size_t timed_out = 0;            // runs without a fault in which a wait there timed out by itself
  std::set<std::string> outcomes;  // seen there in any run
};

}  // namespace

std::vector<stitch::Fault> FaultsOf(const stitch::Observations& observations, const std::string& workload,
                                    const PointFilter& filter, const std::vector<uint64_t>& delays_ns) {
  std::map<stitch::SiteId, Reached> reached;
  size_t profiles = 0;
  for (const stitch::RunObservation& run : observations.runs) {
    if (run.workload != workload) continue;
    profiles += run.fault.has_value() ? 0 : 1;
    std::set<stitch::SiteId> sites, timed_out;
    for (const stitch::SiteObservation& row : run.rows) {
      sites.insert(row.site);
      for (const stitch::Signature signature : row.signatures) {
        const std::string outcome = OutcomeOf(observations.names, signature);
        if (outcome == kTimeOutOutcome) timed_out.insert(row.site);
        reached[row.site].outcomes.insert(outcome);
      }
    }
    if (run.fault.has_value()) continue;
    for (const stitch::SiteId site : sites) ++reached[site].profiles;
    for (const stitch::SiteId site : timed_out) ++reached[site].timed_out;
  }
  std::vector<stitch::Fault> faults;
  for (const auto& [site, what] : reached) {
    const auto info = observations.names.sites.find(site);
    if (info == observations.names.sites.end()) continue;
    // What some plain runs reach and others do not may not be reached again.
    if (2 * what.profiles <= profiles || !IsChosen(site, info->second.name, filter)) continue;
    // Where waits time out anyway, nothing new can lead there.
    const bool may_time_out =
        IsOf(FunctionOf(info->second), api::kPoll) && 2 * what.timed_out <= what.profiles;
    std::set<int64_t> seen;
    for (const std::string& outcome : what.outcomes)
      seen.insert(ErrorByName(FunctionOf(info->second), outcome));
    for (const stitch::Fault& fault : ErrorsAt(site, info->second, std::move(seen), may_time_out))
      faults.push_back(fault);
    if (!CanBeDelayed(info->second)) continue;
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

std::vector<std::string> UnreachedPoints(const stitch::Observations& observations,
                                         const PointFilter& filter) {
  std::set<stitch::SiteId> reached;
  for (const stitch::RunObservation& run : observations.runs) {
    if (run.fault.has_value()) continue;
    for (const stitch::SiteObservation& row : run.rows) reached.insert(row.site);
  }
  std::vector<std::string> notes;
  for (const uint64_t id : filter.ids) {
    if (reached.contains(id)) continue;
    notes.push_back(Cat("points: no plain run reaches ", absl::StrFormat("%016x", id),
                        ": an id changes with the code it stands for; list them anew (rankle points --list, "
                        "rankle trace sites)"));
  }
  for (const std::string& glob : filter.include) {
    const bool any = std::any_of(reached.begin(), reached.end(), [&](stitch::SiteId site) {
      const auto info = observations.names.sites.find(site);
      return info != observations.names.sites.end() && Matches(glob, info->second.name);
    });
    if (!any) notes.push_back(Cat("points: no plain run reaches anything like '", glob, "'"));
  }
  return notes;
}

}  // namespace rankle::cli
