// The logs that lie beside the records of a job: log.txt and *.log of an output directory (one level), or
// such files named on the command line.
#pragma once

#include <string>
#include <vector>

#include "analyzer/taxonomy/log_matches.h"

namespace rankle::taxonomy {

bool IsJobLog(const std::string& path);
// Logs among these files and directories, in order of their paths.
std::vector<std::string> FindJobLogs(const std::vector<std::string>& paths);

// Reads and scans them. What could not be read, or was too much to read, is said in `notes`.
std::vector<LogMatch> ScanJobLogs(const std::vector<std::string>& logs, const Knowledge& knowledge,
                                  std::vector<std::string>& notes);

}  // namespace rankle::taxonomy
