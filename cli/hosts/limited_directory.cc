#include "cli/hosts/limited_directory.h"

#include <sys/stat.h>

#include <filesystem>

#include "absl/strings/str_format.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;

bool LiesBelow(const fs::path& path, const fs::path& directory) {
  auto at = path.begin();
  for (const fs::path& part : directory) {
    if (part.empty()) continue;  // of a slash at the end
    if (at == path.end() || *at++ != part) return false;
  }
  return true;
}

}  // namespace

absl::Status CheckDirectory(const std::string& path, const std::string& output_dir) {
  std::error_code error;
  const fs::path directory = fs::canonical(path, error);
  if (error || !fs::is_directory(directory, error))
    return absl::NotFoundError(Cat(path, ": is no directory: make it first"));
  const fs::path records = fs::weakly_canonical(output_dir, error);
  if (!error && LiesBelow(records, directory))
    return absl::InvalidArgumentError(
        Cat(path, ": the records go there (", records.string(),
            "), and the rank could not write them: choose another directory with -o"));
  return absl::OkStatus();
}

LimitedDirectory LimitedDirectoryOf(const std::string& path, uint64_t bytes) {
  struct stat status = {};
  (void)stat(path.c_str(), &status);  // gone since it was checked: then mounting says so
  return {path, absl::StrFormat("size=%d,mode=%o,uid=%d,gid=%d", bytes, status.st_mode & 07777, status.st_uid,
                                status.st_gid)};
}

}  // namespace rankle::cli
