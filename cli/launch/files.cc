#include "cli/launch/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/launch/file_descriptor.h"
#include "cli/launch/text.h"

namespace rankle::cli {

absl::Status FileError(int error_number, std::string_view path, std::string_view what) {
  return absl::ErrnoToStatus(error_number, Cat(path, ": ", what));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return FileError(errno, path, "cannot be opened");
  std::string content;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = read(file.get(), buffer, sizeof(buffer));
    if (count == 0) return content;
    if (count > 0) {
      content.append(buffer, static_cast<size_t>(count));
    } else if (errno != EINTR) {
      return FileError(errno, path, "cannot be read");
    }
  }
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view content) {
  const std::string partial = Cat(path, ".", getpid(), ".part");
  const auto fail = [&](int error_number) {
    unlink(partial.c_str());
    return FileError(error_number, path, "cannot be written");
  };
  FileDescriptor file(open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.is_open()) return fail(errno);
  while (!content.empty()) {
    const ssize_t count = write(file.get(), content.data(), content.size());
    if (count < 0 && errno != EINTR) return fail(errno);
    if (count > 0) content.remove_prefix(static_cast<size_t>(count));
  }
  file.Close();
  if (rename(partial.c_str(), path.c_str()) != 0) return fail(errno);
  return absl::OkStatus();
}

}  // namespace rankle::cli
