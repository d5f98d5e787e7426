// Who came last to each collective, as lines for people or programs.
#pragma once

#include <string>

#include "analyzer/store/store.h"

namespace rankle::cli {

// One line a collective with records of two ranks or more, in order of time; `json`: one object a line.
std::string ArrivalsText(const store::Store& store, bool json);

}  // namespace rankle::cli
