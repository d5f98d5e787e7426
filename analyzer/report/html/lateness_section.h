// Lateness by rank and iteration as a heat map, below the length of the iterations.
#pragma once

#include "analyzer/report/html/section.h"

namespace rankle::html {

Section LatenessSection(const Context& context);

}  // namespace rankle::html
