// events.jsonl: what rankle says while the job runs, kept for the analysis (docs/live.md).
#pragma once

#include <string>

#include "analyzer/import/live_events.h"

namespace rankle::cli {

inline constexpr char kLiveLogFile[] = "events.jsonl";

// Appends one line at once, so that the supervisor and the watcher may both write. What cannot be written is
// lost: it has been said on stderr.
void AppendLiveEvent(const std::string& output_dir, const import::LiveEvent& event);

}  // namespace rankle::cli
