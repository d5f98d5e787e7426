#include "cli/launch/loader_path.h"

#include <filesystem>
#include <system_error>

#include "cli/launch/files.h"
#include "cli/launch/text.h"

namespace rankle::cli {

bool IsLoaderPath(std::string_view path) { return path.find_first_of(" \t\n:;") == std::string_view::npos; }

absl::StatusOr<std::string> LoaderPath(const std::string& path, const std::string& output_dir,
                                       std::string_view name) {
  if (IsLoaderPath(path)) return path;
  const std::string link = Cat(output_dir, "/", name);
  if (!IsLoaderPath(link)) {
    return absl::FailedPreconditionError(
        Cat(output_dir, ": the loader takes paths with a blank or colon apart, and rankle's own (", path,
            ") has one too: choose an output directory without, with -o"));
  }
  std::error_code error;
  std::filesystem::create_symlink(path, link, error);
  if (error) return FileError(error.value(), link, "cannot be made a link to rankle's library");
  return link;
}

}  // namespace rankle::cli
