#include "detectors/instrument/overlay_folder.h"

#include <set>
#include <sstream>

#include "cli/launch/files.h"
#include "cli/launch/text.h"

namespace rankle::instrument {
namespace {

namespace fs = std::filesystem;
using cli::Cat;

constexpr char kFiles[] = "rankle-points/files.txt";  // places, one a line

absl::Status Failed(const fs::path& path, const std::error_code& error) {
  return absl::PermissionDeniedError(Cat(path.string(), ": ", error.message()));
}

absl::Status InTheWay(const fs::path& path, const char* what) {
  return absl::FailedPreconditionError(
      Cat(path.string(), ": ", what, ": remove it from the overlay, or name another folder"));
}

std::set<std::string> Lines(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

// By size and time: contents of large files are not read.
bool IsUpToDate(const fs::path& target, const fs::path& source) {
  std::error_code error;
  if (fs::symlink_status(target, error).type() != fs::file_type::regular) return false;
  const bool same_size = fs::file_size(target, error) == fs::file_size(source, error) && !error;
  return same_size && fs::last_write_time(target, error) >= fs::last_write_time(source, error) && !error;
}

}  // namespace

OverlayFolder::OverlayFolder(const fs::path& folder) : folder_(folder), canonical_(fs::canonical(folder)) {}

absl::Status OverlayFolder::MakeRoom(const std::string& place, bool keep_link) {
  std::error_code error;
  fs::path at = folder_;
  const fs::path relative(place);
  for (const fs::path& name : relative.parent_path()) {
    at /= name;
    fs::file_type type = fs::symlink_status(at, error).type();
    if (type == fs::file_type::symlink) {
      if (!fs::remove(at, error)) return Failed(at, error);
      type = fs::file_type::not_found;
    }
    if (type == fs::file_type::not_found && !fs::create_directory(at, error)) return Failed(at, error);
    if (type != fs::file_type::not_found && type != fs::file_type::directory)
      return InTheWay(at, "is a file here and a folder in the source");
  }
  // What the steps above have made sure of, asked of the disk: the sources are only read.
  const fs::path leads_to = fs::weakly_canonical(at, error).lexically_relative(canonical_);
  if (error || leads_to.empty() || *leads_to.begin() == "..")
    return absl::InternalError(Cat((folder_ / relative).string(), ": leads out of the overlay"));
  at = folder_ / relative;
  const fs::file_type type = fs::symlink_status(at, error).type();
  if (type == fs::file_type::directory) return InTheWay(at, "is a folder here and a file in the source");
  if (type == fs::file_type::symlink && !keep_link && !fs::remove(at, error)) return Failed(at, error);
  return absl::OkStatus();
}

absl::Status OverlayFolder::Write(const std::string& place, const std::string& text) {
  absl::Status status = MakeRoom(place, false);
  if (!status.ok()) return status;
  const std::string path = (folder_ / place).string();
  const auto before = cli::ReadFile(path);
  if (before.ok() && *before == text) return absl::OkStatus();
  return cli::WriteFile(path, text);
}

absl::Status OverlayFolder::Put(const std::string& place, const TreeEntry& entry, size_t& copied) {
  absl::Status status = MakeRoom(place, entry.is_link);
  if (!status.ok()) return status;
  const fs::path target = folder_ / place;
  std::error_code error;
  const bool same = entry.is_link ? fs::read_symlink(target, error) == entry.link && !error
                                  : IsUpToDate(target, entry.source);
  if (same) return absl::OkStatus();
  fs::remove(target, error);
  if (error) return Failed(target, error);
  if (entry.is_link) {
    fs::create_symlink(entry.link, target, error);
  } else {
    fs::copy_file(entry.source, target, error);
  }
  if (error) return Failed(target, error);
  ++copied;
  return absl::OkStatus();
}

bool OverlayFolder::LeadsOut(const std::string& place) const {
  if (fs::path(place).is_absolute()) return true;
  std::error_code error;
  fs::path at = folder_;
  for (const fs::path& name : fs::path(place).parent_path()) {
    at /= name;
    if (name == ".." || fs::is_symlink(fs::symlink_status(at, error))) return true;
  }
  return false;
}

absl::Status OverlayFolder::ForgetOthers(const Tree& tree) {
  const auto before = cli::ReadFile((folder_ / kFiles).string());
  for (const std::string& place : before.ok() ? Lines(*before) : std::set<std::string>()) {
    const fs::path target = folder_ / place;
    std::error_code error;
    const bool is_directory = fs::symlink_status(target, error).type() == fs::file_type::directory;
    if (tree.count(place) || place.empty() || is_directory || LeadsOut(place)) continue;
    fs::remove(target, error);
    if (error) return Failed(target, error);
    // Folders that this leaves empty; the first that holds something ends it.
    for (fs::path up = target.parent_path(); up != folder_ && fs::remove(up, error); up = up.parent_path()) {
    }
  }
  std::string text;
  for (const auto& [place, entry] : tree) {
    if (place.find('\n') == std::string::npos) text += place + "\n";
  }
  return Write(kFiles, text);
}

}  // namespace rankle::instrument
