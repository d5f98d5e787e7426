// All ranks of a large job over the interesting window: how much of each moment they spend waiting.
#pragma once

#include <string>

#include "analyzer/report/html/activity.h"
#include "analyzer/report/html/section.h"

namespace rankle::html {

// The drawing with its legend. `activity` is of the context's store.
std::string DrawRankRaster(const Context& context, Activity& activity);

}  // namespace rankle::html
