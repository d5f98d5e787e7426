// Is a late rank late on its host or on its device? In each step, the time between the moment when nothing
// was left to wait for (the mark of the step, the end of the operations before it, the return of the last
// blocking call) and the first launch or copy: the host had not given the device anything to do. Pure.
//
// Own time reaches from operation to operation, so steps without one (accumulation, local SGD) count with the
// next step that has one.
//
// The records tell this at the beginning of a step only: launches later in it are not recorded, so work of
// the host between them looks like work of the device.
#pragma once

#include <vector>

#include "analyzer/localize/arrival.h"

namespace rankle::localize {

// Fills host_ns and normal_host_ns (medians over the slow steps) of the rows that count steps.
void AddHostTimes(const store::Store& store, std::vector<Lateness>& lateness);

}  // namespace rankle::localize
