// What frameworks offer for the time after: switched on by `rankle run`, kept beside the records, read by
// `rankle analyze`. None of it changes what the job does; what the user has set stays. Pure.
#pragma once

#include <string>

#include "cli/launch/environment.h"

namespace rankle::cli {

void SetPostMortemVariables(const std::string& output_dir, Environment& environment);

}  // namespace rankle::cli
