// What happened, in order of time.
#pragma once

#include "analyzer/report/html/section.h"

namespace rankle::html {

Section ChainSection(const Context& context);

}  // namespace rankle::html
