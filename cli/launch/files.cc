#include "cli/launch/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/launch/file_descriptor.h"
#include "cli/launch/text.h"

namespace rankle::cli {

namespace {

absl::Status CannotWrite(int error_number, const std::string& path) {
  return FileError(error_number, path, "cannot be written");
}

bool IsSameFile(const std::string& path, const struct stat& other) {
  struct stat found;
  return stat(path.c_str(), &found) == 0 && found.st_dev == other.st_dev && found.st_ino == other.st_ino;
}

// Where the last component leads, whether or not a file is there.
absl::StatusOr<std::string> FollowLinks(const std::string& path) {
  constexpr int kMostLinks = 40;  // as the kernel: beyond it they go in a circle
  std::filesystem::path at = path;
  for (int i = 0; i < kMostLinks; ++i) {
    std::error_code no_link;
    const std::filesystem::path target = std::filesystem::read_symlink(at, no_link);
    if (no_link) return at.string();
    at = at.parent_path() / target;  // an absolute target replaces the whole
  }
  return CannotWrite(ELOOP, path);
}

// Everything reached the file system; the file is closed afterwards. 0 or errno.
int WriteAndClose(FileDescriptor file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t count = write(file.get(), content.data(), content.size());
    if (count < 0 && errno != EINTR) return errno;
    if (count > 0) content.remove_prefix(static_cast<size_t>(count));
  }
  return file.Close();
}

absl::Status WriteInto(const std::string& path, std::string_view content) {
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) return CannotWrite(errno, path);
  const int error = WriteAndClose(std::move(file), content);
  return error == 0 ? absl::OkStatus() : CannotWrite(error, path);
}

// Where writing to `path` ends up.
struct Place {
  std::string path;
  bool is_replaced = false;    // a regular file, or nothing yet; else written into
  std::optional<mode_t> mode;  // of the regular file that is there
};

absl::StatusOr<Place> Locate(const std::string& path) {
  struct stat there;
  const bool exists = stat(path.c_str(), &there) == 0;
  if (!exists && errno != ENOENT) return CannotWrite(errno, path);
  if (exists && S_ISDIR(there.st_mode)) return CannotWrite(EISDIR, path);
  if (exists && !S_ISREG(there.st_mode)) return Place{.path = path, .is_replaced = false, .mode = {}};
  absl::StatusOr<std::string> target = FollowLinks(path);
  if (!target.ok()) return target.status();
  // Links of /proc that name no path (a deleted file that is standard output): only the link leads there.
  if (exists && !IsSameFile(*target, there)) return Place{.path = path, .is_replaced = false, .mode = {}};
  Place place{.path = *std::move(target), .is_replaced = true, .mode = {}};
  if (exists) place.mode = there.st_mode & 07777;
  return place;
}

std::string PartialOf(const Place& place) { return Cat(place.path, ".", getpid(), ".part"); }

absl::StatusOr<FileDescriptor> OpenPartial(const Place& place) {
  FileDescriptor file(
      open(PartialOf(place).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!file.is_open()) return CannotWrite(errno, place.path);
  return file;
}

absl::Status Replace(const Place& place, std::string_view content) {
  const std::string partial = PartialOf(place);
  const auto fail = [&](int error_number) {
    unlink(partial.c_str());
    return CannotWrite(error_number, place.path);
  };
  absl::StatusOr<FileDescriptor> file = OpenPartial(place);
  if (!file.ok()) return file.status();
  if (place.mode && fchmod(file->get(), *place.mode) != 0) return fail(errno);
  if (const int error = WriteAndClose(*std::move(file), content); error != 0) return fail(error);
  if (rename(partial.c_str(), place.path.c_str()) != 0) return fail(errno);
  return absl::OkStatus();
}

}  // namespace

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

absl::Status WriteFile(const std::string& path, std::string_view content) {
  const absl::StatusOr<Place> place = Locate(path);
  if (!place.ok()) return place.status();
  return place->is_replaced ? Replace(*place, content) : WriteInto(path, content);
}

absl::Status CheckWritable(const std::string& path) {
  const absl::StatusOr<Place> place = Locate(path);
  if (!place.ok()) return place.status();
  if (!place->is_replaced) {
    return access(path.c_str(), W_OK) == 0 ? absl::OkStatus() : CannotWrite(errno, path);
  }
  const absl::StatusOr<FileDescriptor> probe = OpenPartial(*place);
  if (probe.ok()) unlink(PartialOf(*place).c_str());
  return probe.status();
}

}  // namespace rankle::cli
