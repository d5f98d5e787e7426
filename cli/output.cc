#include "cli/output.h"

#include <errno.h>
#include <unistd.h>

#include "cli/launch/files.h"
#include "cli/launch/message.h"

namespace rankle::cli {

absl::Status WriteOutput(const std::string& path, std::string_view content) {
  if (!path.empty() && path != "-") return WriteFile(path, content);
  if (WriteAll(STDOUT_FILENO, content)) return absl::OkStatus();
  return FileError(errno, "standard output", "cannot be written");
}

}  // namespace rankle::cli
