// Bugs that were really fixed and look like a finding, with the reason for the match.
#pragma once

#include "analyzer/report/html/section.h"

namespace rankle::html {

Section BugsSection(const Context& context);

}  // namespace rankle::html
