// The job as Chrome trace events (JSON), which chrome://tracing and ui.perfetto.dev open: one process a rank,
// one thread a stream and communicator for device work, one thread for host calls. Arrows lead from a send to
// its receive, and in each collective from the rank that came last to the one that waited longest for it.
#pragma once

#include <string>

#include "analyzer/store/store.h"

namespace rankle {

std::string ChromeTrace(const store::Store& store);

}  // namespace rankle
