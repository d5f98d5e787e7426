// The units to parse: of a compile database, or plain files with the flags that follow "--".
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::tooling {

struct Unit {
  std::string directory;             // where its command runs
  std::string file;                  // absolute, normalised
  std::vector<std::string> command;  // compiler, arguments, file
};

// Of compile_commands.json in `folder` (or `folder` is that file). With `files`, only those of them (all
// commands of one file count once: the first). Error: no database, a broken one, or one that lacks a named
// file.
absl::StatusOr<std::vector<Unit>> UnitsOfDatabase(const std::string& folder,
                                                  const std::vector<std::string>& files);

// Files with flags. Error: a file that is not there.
absl::StatusOr<std::vector<Unit>> UnitsOfFiles(const std::vector<std::string>& files,
                                               const std::vector<std::string>& flags);

// Where a database lies as a rule: here, in build/ or in a folder above. Empty: nowhere.
std::string FindDatabase();

}  // namespace rankle::tooling
