// The ranks that a fault of host or network names. Pure.
#pragma once

#include <cstdint>

#include "injector/plan/armed_plan.h"

namespace rankle::host {

// No list names all.
inline bool Names(const plan::RangeList& list, int rank) {
  for (uint32_t i = 0; i < list.count; ++i) {
    if (list.ranges[i].first <= rank && rank <= list.ranges[i].last) return true;
  }
  return list.count == 0;
}

}  // namespace rankle::host
