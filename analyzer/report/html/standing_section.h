// In a hang that everybody entered: what is on its way on which link, from the counters of the transport
// records.
#pragma once

#include "analyzer/report/html/section.h"

namespace rankle::html {

Section StandingSection(const Context& context);

}  // namespace rankle::html
