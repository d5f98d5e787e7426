// Faults that can be tried at the call sites and instrumented points that profile runs reached, and the plan
// that injects each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/stitch/observation.h"
#include "cli/campaign/campaign_file.h"

namespace rankle::cli {

// The name of an error of a call: "ECONNRESET", "ncclRemoteError"; and as plans have it: "errno=104",
// "result=ncclRemoteError", with `between` for "=".
std::string ErrorName(const stitch::Fault& fault, std::string_view function);
std::string ErrorAsKey(const stitch::Fault& fault, std::string_view function, std::string_view between);

// A wait for readiness that ends as if its time were over.
bool IsTimeOut(const stitch::Fault& fault);

// What can be injected at the sites that the profile runs of `workload` reached and the filter chooses: for
// each the errors that its function has in practice (of a wait for readiness also that its time is over), and
// each delay; of instrumented points, that a throw
// throws, that a detector answers the opposite, and each delay of a loop. Sites of the loader and of the exit
// are reached by every program; so is what only one of several profile runs reached: it may not come again.
std::vector<stitch::Fault> FaultsOf(const stitch::Observations& observations, const std::string& workload,
                                    const PointFilter& filter, const std::vector<uint64_t>& delays_ns);

// Those of the faults that come once, at a later hit instead of the first: the middle one of a process in the
// first `plain_runs` plain runs of the workload (always the same ones, so that it does not change while a
// campaign goes on). Left out: sites with few hits, and those of processes whose number is not known.
std::vector<stitch::Fault> AtLaterHits(const std::vector<stitch::Fault>& faults,
                                       const stitch::Observations& observations, const Workload& workload,
                                       int plain_runs);

// "fail connect errno=111 site=3f09c2d41b7e", as `rankle run --fault` takes it; of an instrumented point
// "point negate 9c424fa8cbcf0268 hit=1" (ArmOf). Empty when it cannot be injected (the site's function is
// unknown). `hits`: at which ones.
struct Hits {
  int first = 1;
  int count = 1;  // 0: at all from there
};
std::string PlanOf(const stitch::Fault& fault, const stitch::Names& names, const Hits& hits);
// As campaigns inject it: an error once, at its hit; a delay at every one.
std::string PlanOf(const stitch::Fault& fault, const stitch::Names& names);

// What RANKLE_POINTS_ARM says for a plan of PlanOf; none: it is one for `rankle run --fault`.
std::optional<std::string> ArmOf(const std::string& plan);

// What was asked for by `points` and is reached by no plain run of any workload, one sentence each.
std::vector<std::string> UnreachedPoints(const stitch::Observations& observations, const PointFilter& filter);

}  // namespace rankle::cli
