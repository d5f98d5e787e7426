// Root causes that the rule considers, with their weights, and what else looks like this.
#pragma once

#include "analyzer/report/html/section.h"

namespace rankle::html {

Section CausesSection(const Context& context);

}  // namespace rankle::html
