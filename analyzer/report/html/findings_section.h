// Evidence of each finding: those that nothing else explains open, symptoms folded.
#pragma once

#include "analyzer/report/html/section.h"

namespace rankle::html {

Section FindingsSection(const Context& context);

}  // namespace rankle::html
