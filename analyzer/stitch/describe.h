// Faults and places in words, for notes and reports; numbers where no names are given.
#pragma once

#include <string>

#include "analyzer/stitch/observation.h"

namespace rankle::stitch {

std::string SiteName(SiteId site, const Names& names = {});
// "delay of 100 ms", "error 111".
std::string DescribeKind(const Fault& fault, const Names& names);
// "delay of 100 ms at retry loop (role root)", "error 111 at connect from Join".
std::string Describe(const Fault& fault, const Names& names = {});

}  // namespace rankle::stitch
