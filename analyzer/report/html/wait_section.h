// Who waits for whom, in which operation: the chains of waiting as a graph from left (held up by nobody) to
// right.
#pragma once

#include "analyzer/report/html/section.h"

namespace rankle::html {

Section WaitSection(const Context& context);

}  // namespace rankle::html
