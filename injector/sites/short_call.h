// The action `short`: a call that moves fewer bytes than the program asked for.
#pragma once

#include "injector/sites/visit.h"

namespace rankle::sites {

// A transfer that asks for no more than `limit` bytes stays what it is.
inline bool CanBeShort(const Visit& visit, uint64_t limit) { return visit.Asked() > limit; }

// Makes the call with its data cut to `limit` bytes, and records it.
int64_t RunShort(const Visit& visit, uint64_t limit);

}  // namespace rankle::sites
