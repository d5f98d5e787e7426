// Ranks x time around the trouble: one lane a rank, and below them all ranks of a large job condensed.
#pragma once

#include "analyzer/report/html/section.h"

namespace rankle::html {

Section LanesSection(const Context& context);

}  // namespace rankle::html
