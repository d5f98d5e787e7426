#include "cli/launch/command_path.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_split.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

enum class Candidate { kMissing, kNotExecutable, kDirectory, kGood };

Candidate Examine(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0)
    return errno == EACCES ? Candidate::kNotExecutable : Candidate::kMissing;
  if (S_ISDIR(info.st_mode)) return Candidate::kDirectory;
  return access(path.c_str(), X_OK) == 0 ? Candidate::kGood : Candidate::kNotExecutable;
}

absl::Status NotExecutable(std::string_view path, Candidate candidate) {
  return absl::PermissionDeniedError(
      Cat(path, ": cannot be executed: ",
          candidate == Candidate::kDirectory ? "it is a directory" : "permission denied (chmod +x?)"));
}

std::vector<std::string> Directories(std::string_view search_path) {
  return absl::StrSplit(std::string(search_path), ':');
}

}  // namespace

absl::StatusOr<std::string> FindCommand(std::string_view name, std::string_view search_path) {
  if (name.find('/') != std::string_view::npos) {
    const std::string path(name);
    const Candidate candidate = Examine(path);
    if (candidate == Candidate::kGood) return path;
    if (candidate == Candidate::kMissing) {
      return absl::NotFoundError(Cat(name, ": command not found: there is no such file"));
    }
    return NotExecutable(name, candidate);
  }
  std::string unusable;
  if (!name.empty()) {
    for (const std::string& part : Directories(search_path)) {
      std::string path = part.empty() ? Cat("./", name) : Cat(part, "/", name);
      const Candidate candidate = Examine(path);
      if (candidate == Candidate::kGood) return path;
      if (candidate == Candidate::kNotExecutable && unusable.empty()) unusable = path;
    }
  }
  if (!unusable.empty()) return NotExecutable(unusable, Candidate::kNotExecutable);
  return absl::NotFoundError(
      Cat(name, ": command not found in PATH; give a path such as ./", name, " for a local program"));
}

int CommandErrorExitCode(const absl::Status& error) {
  return absl::IsPermissionDenied(error) ? kExitNotExecutable : kExitNotFound;
}

}  // namespace rankle::cli
