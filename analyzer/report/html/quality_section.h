// What could not be seen, and how far what was seen can be trusted.
#pragma once

#include "analyzer/report/html/section.h"

namespace rankle::html {

Section QualitySection(const Context& context);

}  // namespace rankle::html
