// `rankle analyze --what-if`: how fast the job would be if a part of it were as fast as its peers.
#pragma once

#include <string>
#include <vector>

namespace rankle::cli {

// Prints a report for each operation trace in `paths`, as text or as one JSON object a line. Returns the exit
// code.
int WhatIf(const std::vector<std::string>& paths, bool json);

}  // namespace rankle::cli
