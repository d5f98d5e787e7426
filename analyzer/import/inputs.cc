#include "analyzer/import/inputs.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/file_bytes.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;
constexpr size_t kFirstBytes = 4096;

bool MatchesAny(const std::vector<std::string>& globs, const std::string& relative, const std::string& name) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    return fnmatch(glob.c_str(), relative.c_str(), 0) == 0 || fnmatch(glob.c_str(), name.c_str(), 0) == 0;
  });
}

class Collector {
 public:
  Collector(const InputFilter& filter, const Classifier& classify) : filter_(filter), classify_(classify) {}

  absl::Status AddDirectory(const fs::path& root, const fs::path& directory, int depth) {
    std::error_code error;
    fs::directory_iterator entries(directory, error);
    if (error) {
      return absl::PermissionDeniedError(
          absl::StrCat(directory.string(), ": cannot be read: ", error.message()));
    }
    for (; entries != fs::directory_iterator(); entries.increment(error)) {
      if (error) break;
      const fs::directory_entry& entry = *entries;
      if (entry.is_regular_file(error)) {
        Add(entry.path(), entry.path().lexically_relative(root).string(), false);
      } else if (depth > 0 && entry.is_directory(error) && !entry.is_symlink(error)) {
        // What cannot be read deeper down does not spoil the rest.
        (void)AddDirectory(root, entry.path(), depth - 1);
      }
      if (files.size() > kMostInputs) {
        return absl::ResourceExhaustedError(
            absl::StrCat(root.string(), ": more than ", kMostInputs, " files; choose with --include"));
      }
    }
    return absl::OkStatus();
  }
  void Add(const fs::path& path, const std::string& relative, bool named) {
    if (!IsChosen(filter_, relative)) return;
    const std::string first_bytes = ReadFirstBytes(path.string(), kFirstBytes);
    const int format = classify_(path.string(), first_bytes);
    files.push_back({path.string(), format, format < 0 ? DescribeContent(first_bytes) : "", named});
  }

  std::vector<InputFile> files;

 private:
  const InputFilter& filter_;
  const Classifier& classify_;
};

}  // namespace

bool IsChosen(const InputFilter& filter, const std::string& relative) {
  const std::string name = fs::path(relative).filename().string();
  if (!filter.include.empty() && !MatchesAny(filter.include, relative, name)) return false;
  return !MatchesAny(filter.exclude, relative, name);
}

absl::StatusOr<std::vector<InputFile>> CollectInputs(const std::vector<std::string>& paths,
                                                     const InputFilter& filter, int depth,
                                                     const Classifier& classify) {
  Collector collector(filter, classify);
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) return absl::NotFoundError(absl::StrCat(path, ": no such file or directory"));
    if (fs::is_directory(status)) {
      if (absl::Status added = collector.AddDirectory(path, path, depth); !added.ok()) return added;
    } else if (fs::is_regular_file(status)) {
      collector.Add(path, path, true);
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": neither a file nor a directory; give the output directory of `rankle run`"));
    }
  }
  std::sort(collector.files.begin(), collector.files.end(),
            [](const InputFile& a, const InputFile& b) { return a.path < b.path; });
  return std::move(collector.files);
}

std::string DescribeContent(const std::string& first_bytes) {
  if (first_bytes.empty()) return "empty or unreadable";
  if (absl::StartsWith(first_bytes, "PK\x03\x04")) return "a zip archive: unpack it first";
  if (first_bytes.size() > 262 && first_bytes.compare(257, 5, "ustar") == 0)
    return "a tar archive: unpack it first";
  const auto printable = std::count_if(first_bytes.begin(), first_bytes.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\t' || c == '\r';
  });
  if (printable != static_cast<std::ptrdiff_t>(first_bytes.size())) return "binary data of no known kind";
  return absl::StartsWith(first_bytes, "{") || absl::StartsWith(first_bytes, "[") ? "JSON of no known kind"
                                                                                  : "text";
}

}  // namespace rankle::import
