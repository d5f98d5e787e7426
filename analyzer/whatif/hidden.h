// Computing that most workers hide behind communication. Pure.
#pragma once

#include <vector>

#include "analyzer/whatif/model.h"

namespace rankle::whatif {

// No time of those that hide it tells how long it takes, so that who shows it seems to lose all of it.
struct HiddenComputing {
  double most_s = 0;             // of a step: how much of what seems lost may be work
  std::vector<Worker> shown_by;  // in order of the model; empty: nothing is hidden
};

HiddenComputing FindHiddenComputing(const Model& model);

}  // namespace rankle::whatif
