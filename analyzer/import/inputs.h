// Which files an analysis is about: paths of any kind in, files sorted by format out.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::import {

struct InputFile {
  std::string path;
  int format = -1;             // as the classifier says; -1 = unknown
  std::string what;            // of an unknown file: what it seems to be
  bool named_by_user = false;  // given itself, not found in a directory
};

// Globs (fnmatch: * ? [..]) against the path below the directory given, or the file's name.
struct InputFilter {
  std::vector<std::string> include = {};  // empty = all
  std::vector<std::string> exclude = {};
};

// `relative`: the path below the directory that was given.
bool IsChosen(const InputFilter& filter, const std::string& relative);

// The format of a file, -1 = unknown; `first_bytes`: gunzipped, at most 4 KiB.
using Classifier = std::function<int(const std::string& path, const std::string& first_bytes)>;

// `depth`: levels of directories below those given. Sorted by path. More than kMostInputs files are an error.
inline constexpr size_t kMostInputs = 1'000'000;
absl::StatusOr<std::vector<InputFile>> CollectInputs(const std::vector<std::string>& paths,
                                                     const InputFilter& filter, int depth,
                                                     const Classifier& classify);
// What a file nobody recognises seems to be, for people: "text", "empty", "a zip archive", "binary data".
std::string DescribeContent(const std::string& first_bytes);

}  // namespace rankle::import
