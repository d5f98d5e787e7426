// The failure that logs state although no rank can be blamed for it: a job whose log tells of one is not
// healthy. Pure.
#pragma once

#include <functional>

#include "analyzer/import/logs/log_contents.h"

namespace rankle::import {

// Of all failures that the logs state, the one that says most of what went wrong; nullptr = they state none.
// `is_known`: is the trouble one of a rank of the job?
const LoggedTrouble* StatedFailure(const LogContents& contents,
                                   const std::function<bool(const LoggedTrouble&)>& is_known);

}  // namespace rankle::import
