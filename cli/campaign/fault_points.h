// Faults that can be tried at the call sites that profile runs reached, and the plan that injects each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/stitch/observation.h"
#include "cli/campaign/campaign_file.h"

namespace rankle::cli {

// "connect from ReconnectToServer (agent.cc:41)": what SiteInfo::name is for a call, and the function again.
std::string CallName(std::string_view function, std::string_view place);
std::string FunctionOf(const stitch::SiteInfo& site);

// What can be injected at the sites that the profile runs of `workload` reached and the filter chooses: for
// each the errors that its function has in practice, and each delay. Sites of the loader and of the exit are
// reached by every program; so is what only one of several profile runs reached: it may not come again.
std::vector<stitch::Fault> FaultsOf(const stitch::Observations& observations, const std::string& workload,
                                    const PointFilter& filter, const std::vector<uint64_t>& delays_ns);

// "fail connect errno=111 site=3f09c2d41b7e"; empty when it cannot be injected (the site's function is
// unknown).
std::string PlanOf(const stitch::Fault& fault, const stitch::Names& names);

}  // namespace rankle::cli
