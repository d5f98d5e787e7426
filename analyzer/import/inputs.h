// Which files an analysis is about: paths of any kind in, files with their first bytes out.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::import {

struct InputFile {
  std::string path;
  std::string first_bytes;     // gunzipped, at most 4 KiB
  bool named_by_user = false;  // given itself, not found in a directory
};

// Globs (fnmatch: * ? [..]) against the path below the directory given, or the file's name.
struct InputFilter {
  std::vector<std::string> include = {};  // empty = all
  std::vector<std::string> exclude = {};
};

// `depth`: levels of directories below those given. Sorted by path. More than kMostInputs files are an error.
inline constexpr size_t kMostInputs = 1'000'000;
absl::StatusOr<std::vector<InputFile>> CollectInputs(const std::vector<std::string>& paths,
                                                     const InputFilter& filter, int depth);
// What a file nobody recognises seems to be, for people: "text", "empty", "a zip archive", "binary data".
std::string DescribeContent(const std::string& first_bytes);

}  // namespace rankle::import
