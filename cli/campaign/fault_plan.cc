#include "cli/campaign/fault_plan.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "cli/campaign/site_names.h"
#include "cli/launch/text.h"
#include "injector/api/api.h"
#include "tracer/sites/reader.h"

namespace rankle::cli {
namespace {

constexpr std::string_view kPointPlan = "point ";

// As the runtime of instrumented programs takes it (docs/fault-points.md), after kPointPlan.
std::string PointPlan(const stitch::Fault& fault, const stitch::SiteInfo& info, const Hits& hits) {
  using stitch::FaultKind;
  const std::string action = fault.kind == FaultKind::kNegation ? "negate"
                             : fault.kind == FaultKind::kDelay  ? "delay"
                             : fault.kind == FaultKind::kError && info.kind == stitch::SiteKind::kThrow
                                 ? "throw"
                                 : "";
  if (action.empty()) return "";
  std::string plan =
      absl::StrFormat("%s%s %016x hit=%d times=%d", kPointPlan, action, fault.site, hits.first, hits.count);
  constexpr int64_t kNsOfMs = 1'000'000;  // shorter delays are one of them
  if (fault.kind == FaultKind::kDelay) plan += Cat(" ms=", std::max<int64_t>(fault.parameter / kNsOfMs, 1));
  return plan;
}

}  // namespace

plan::ResultKind KindOfErrors(std::string_view function) {
  const api::ApiInfo* info = api::FindApi(function);
  return info == nullptr ? plan::ResultKind::kNone : plan::ResultKindOf(*info);
}

std::string ErrorName(const stitch::Fault& fault, std::string_view function) {
  return plan::ResultName(KindOfErrors(function), static_cast<int>(fault.parameter));
}

std::string ErrorAsKey(const stitch::Fault& fault, std::string_view function, std::string_view between) {
  const bool is_errno = KindOfErrors(function) == plan::ResultKind::kErrno;
  return is_errno ? Cat("errno", between, fault.parameter)
                  : Cat("result", between, ErrorName(fault, function));
}

bool IsTimeOut(const stitch::Fault& fault) {
  return fault.kind == stitch::FaultKind::kError && fault.parameter == stitch::kTimeOut;
}

std::string PlanOf(const stitch::Fault& fault, const stitch::Names& names, const Hits& hits) {
  const auto info = names.sites.find(fault.site);
  if (info == names.sites.end()) return "";
  if (IsPoint(info->second)) return PointPlan(fault, info->second, hits);
  const std::string function = FunctionOf(info->second), site = sites::SiteIdText(fault.site);
  std::string nth;
  if (hits.count > 0)
    nth = Cat(" nth=", hits.first, hits.count > 1 ? Cat("..", hits.first + hits.count - 1) : "");
  if (fault.kind == stitch::FaultKind::kDelay)
    return Cat("delay ", function, " time=", fault.parameter, "ns site=", site, nth);
  if (IsTimeOut(fault)) return Cat("time-out ", function, " site=", site, nth);
  if (fault.kind == stitch::FaultKind::kError)
    return Cat("fail ", function, " ", ErrorAsKey(fault, function, "="), " site=", site, nth);
  return "";
}

std::string PlanOf(const stitch::Fault& fault, const stitch::Names& names) {
  return PlanOf(
      fault, names,
      {.first = static_cast<int>(fault.hit), .count = fault.kind == stitch::FaultKind::kDelay ? 0 : 1});
}

std::optional<std::string> ArmOf(const std::string& plan) {
  if (!plan.starts_with(kPointPlan)) return std::nullopt;
  return plan.substr(kPointPlan.size());
}

}  // namespace rankle::cli
