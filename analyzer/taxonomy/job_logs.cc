#include "analyzer/taxonomy/job_logs.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rankle::taxonomy {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMiB = 1 << 20;
// Of a longer log the two ends are read: the start-up is at one, the failure at the other.
constexpr uint64_t kEnd = 16 * kMiB;
// Keeps an analysis of thousands of logs within about two seconds on one core.
constexpr uint64_t kAll = 256 * kMiB;

std::string ReadPart(std::ifstream& file, uint64_t from, uint64_t bytes) {
  std::string text(bytes, '\0');
  file.seekg(static_cast<std::streamoff>(from));
  file.read(text.data(), static_cast<std::streamsize>(bytes));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

}  // namespace

bool IsJobLog(const std::string& path) {
  return absl::EndsWith(path, ".log") || fs::path(path).filename() == "log.txt";
}

std::vector<std::string> FindJobLogs(const std::vector<std::string>& paths) {
  std::vector<std::string> logs;
  std::error_code error;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path, error)) {
      if (IsJobLog(path)) logs.push_back(path);
      continue;
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
      if (IsJobLog(entry.path()) && entry.is_regular_file(error)) logs.push_back(entry.path());
    }
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

std::vector<LogMatch> ScanJobLogs(const std::vector<std::string>& logs, const Knowledge& knowledge,
                                  std::vector<std::string>& notes) {
  std::vector<LogMatch> matches;
  if (logs.empty()) return matches;
  const LogScanner scanner(knowledge);
  uint64_t budget = kAll;
  size_t left_out = 0;
  for (const std::string& path : logs) {
    std::ifstream file(path, std::ios::binary);
    std::error_code error;
    const uint64_t size = fs::file_size(path, error);
    if (!file || error) {
      notes.push_back(absl::StrCat(path, ": the log cannot be read, left out"));
      continue;
    }
    const bool whole = size <= 2 * kEnd;
    const uint64_t wanted = whole ? size : 2 * kEnd;
    if (wanted > budget) {
      ++left_out;
      continue;
    }
    budget -= wanted;
    scanner.Scan(path, ReadPart(file, 0, whole ? size : kEnd), 1, matches);
    if (whole) continue;
    scanner.Scan(path, ReadPart(file, size - kEnd, kEnd), 0, matches);
    notes.push_back(absl::StrCat(path, ": of ", size / kMiB, " MiB of log only the first and the last ",
                                 kEnd / kMiB, " were searched for known signatures"));
  }
  if (left_out > 0) {
    notes.push_back(absl::StrCat(left_out, " of ", logs.size(), " logs were not read: together they exceed ",
                                 kAll / kMiB, " MiB"));
  }
  return matches;
}

}  // namespace rankle::taxonomy
