// The action `time-out`: a wait for readiness that ends as if its time were over.
#pragma once

#include "injector/sites/visit.h"

namespace rankle::sites {

// `whole`: only when the time that the program gave is over; a call without such a time stays what it is.
bool CanTimeOut(const Visit& visit, bool whole);

// Answers 0 in place of the real function, with nothing ready, and records it.
int64_t RunTimedOut(const Visit& visit, bool whole);

}  // namespace rankle::sites
