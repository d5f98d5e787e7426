// How sites are called in a campaign: what it is, and where. One form for call sites and for points in
// sources, so that globs, reports and plans can take them apart again. Pure.
#pragma once

#include <string>
#include <string_view>

#include "analyzer/stitch/observation.h"

namespace rankle::cli {

// "connect from ReconnectToServer (agent.cc:41)": what SiteInfo::name is, and "connect" again.
std::string CallName(std::string_view function, std::string_view place);
std::string FunctionOf(const stitch::SiteInfo& site);

// Is this site a point in the source (and no call site)? Their names begin with what they are: "loop for from
// Receive() (link.cc:41)"; no function's name has a blank before its place.
bool IsPoint(const stitch::SiteInfo& site);

}  // namespace rankle::cli
