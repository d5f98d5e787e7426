// `rankle analyze --follow DIR`: the verdict on a running job, printed when it changes.
#pragma once

#include <string>

#include "analyzer/analyze.h"

namespace rankle::cli {

// Until every node's part of the job has ended, or SIGINT or SIGTERM. Returns the exit code of the last
// verdict (0 healthy, 3 anomaly), 2 when nothing was ever to be seen.
int Follow(const std::string& directory, const AnalyzeOptions& options, bool json);

}  // namespace rankle::cli
