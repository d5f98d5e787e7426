// How a fault of a campaign is said to the job that it is injected into. Pure.
#pragma once

#include <optional>
#include <string>

#include "analyzer/stitch/observation.h"
#include "injector/plan/names.h"

namespace rankle::cli {

// Errors of the C library are errno; kNone: the function tells of none.
plan::ResultKind KindOfErrors(std::string_view function);
// The name of an error of a call: "ECONNRESET", "ncclRemoteError"; and as plans have it: "errno=104",
// "result=ncclRemoteError", with `between` for "=".
std::string ErrorName(const stitch::Fault& fault, std::string_view function);
std::string ErrorAsKey(const stitch::Fault& fault, std::string_view function, std::string_view between);

// A wait for readiness that ends as if its time were over.
bool IsTimeOut(const stitch::Fault& fault);

struct Hits {
  int first = 1;
  int count = 1;  // 0: all from the first one on
};
// "fail connect errno=111 site=3f09c2d41b7e", as `rankle run --fault` takes it; of an instrumented point
// "point negate 9c424fa8cbcf0268 hit=1" (ArmOf). Empty when it cannot be injected (the site's function is
// unknown).
std::string PlanOf(const stitch::Fault& fault, const stitch::Names& names, const Hits& hits);
// As campaigns inject it: an error once, at its hit; a delay at every one.
std::string PlanOf(const stitch::Fault& fault, const stitch::Names& names);

// What RANKLE_POINTS_ARM says for a plan of PlanOf; none: it is one for `rankle run --fault`.
std::optional<std::string> ArmOf(const std::string& plan);

}  // namespace rankle::cli
