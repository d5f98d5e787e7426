#include "detectors/instrument/overlay.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/launch/files.h"
#include "cli/launch/text.h"
#include "detectors/fault_points/output.h"
#include "detectors/instrument/edits.h"
#include "detectors/instrument/runtime_files.h"
#include "detectors/tooling/file_filter.h"

namespace rankle::instrument {
namespace {

namespace fs = std::filesystem;
using cli::Cat;

constexpr char kOwnFolder[] = "rankle-points";  // in the overlay: runtime, list of points, launcher

// Version control, and build trees: made anew in the overlay.
bool IsLeftOut(const fs::path& folder) {
  const std::string name = folder.filename().string();
  std::error_code error;
  return name == ".git" || name == ".svn" || name == ".hg" || fs::exists(folder / "CMakeCache.txt", error);
}

// Writes only what changes.
absl::Status Update(const fs::path& path, const std::string& text) {
  const auto before = cli::ReadFile(path.string());
  if (before.ok() && *before == text) return absl::OkStatus();
  return cli::WriteFile(path.string(), text);
}

absl::Status Prepare(const fs::path& root, const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error) && !fs::exists(folder / kOwnFolder, error)) {
    return absl::FailedPreconditionError(
        Cat(folder.string(),
            ": holds something else than an overlay: name a folder that is empty or not there yet"));
  }
  const std::string inside = fs::relative(root, folder, error).string();
  if (folder == root || (!inside.empty() && !inside.starts_with("..")))
    return absl::InvalidArgumentError(Cat(folder.string(), ": the sources lie in it: name another folder"));
  fs::create_directories(folder / kOwnFolder, error);
  if (error) return absl::PermissionDeniedError(Cat(folder.string(), ": ", error.message()));
  return absl::OkStatus();
}

absl::Status CopyTree(const fs::path& root, const fs::path& folder,
                      const std::map<std::string, std::string>& rewritten, OverlayReport& report) {
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(root, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const fs::path& path = it->path();
    if (it->is_directory() && !it->is_symlink()) {
      if (path == folder || IsLeftOut(path)) it.disable_recursion_pending();
      continue;
    }
    const fs::path target = folder / path.lexically_relative(root);
    fs::create_directories(target.parent_path());
    if (it->is_symlink()) {
      if (!fs::exists(fs::symlink_status(target))) fs::copy_symlink(path, target);
      continue;
    }
    if (!it->is_regular_file() || rewritten.count(path.string())) continue;
    std::error_code copied;
    const bool same = fs::exists(target, copied) && fs::file_size(target, copied) == it->file_size() &&
                      fs::last_write_time(target, copied) >= it->last_write_time();
    if (same) continue;
    fs::copy_file(path, target, fs::copy_options::overwrite_existing, copied);
    if (copied) return absl::PermissionDeniedError(Cat(target.string(), ": ", copied.message()));
    ++report.copied;
  }
  if (error) return absl::PermissionDeniedError(Cat(root.string(), ": ", error.message()));
  return absl::OkStatus();
}

// For units that are not in the compile database but include rewritten headers.
std::string Launcher(const fs::path& folder) {
  return Cat(
      "#!/bin/sh\n# A compiler launcher (CMAKE_CXX_COMPILER_LAUNCHER, or before the compiler's name) that "
      "lets units include\n"
      "# the runtime of rankle's instrumentation which were not in the compile database.\n"
      "exec \"$@\" -include '",
      (folder / kOwnFolder / "rankle_points.h").string(), "'\n");
}

}  // namespace

absl::StatusOr<OverlayReport> WriteOverlay(source::Collection& collection, const std::string& name) {
  const fs::path root = collection.root;
  const fs::path folder = tooling::Normalised(fs::current_path().string(), name);
  absl::Status status = Prepare(root, folder);
  if (!status.ok()) return status;

  std::map<std::string, std::vector<points::Edit>> edits;
  for (const points::Edit& edit : collection.facts.edits) edits[edit.file].push_back(edit);
  const std::string include =
      Cat("#include \"", (folder / kOwnFolder / "rankle_points.h").string(), "\"\n#line 1\n");
  OverlayReport report;
  std::map<std::string, std::string> rewritten;  // file of the original -> new text
  std::map<std::string, bool> units;
  for (const source::UnitReport& unit : collection.units) {
    units[unit.file] = true;
    if (fs::path(unit.file).extension() != ".c") edits.try_emplace(unit.file);
  }
  for (const auto& [file, of_file] : edits) {
    const auto text = cli::ReadFile(file);
    if (!text.ok()) return text.status();
    Edited edited = ApplyEdits(*text, of_file);
    report.refused.insert(report.refused.end(), edited.refused.begin(), edited.refused.end());
    rewritten[file] = units.count(file) ? include + edited.text : std::move(edited.text);
  }
  status = CopyTree(root, folder, rewritten, report);
  if (!status.ok()) return status;
  for (const auto& [file, text] : rewritten) {
    const fs::path target = folder / fs::path(file).lexically_relative(root);
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    status = Update(target, text);
    if (!status.ok()) return status;
    ++report.files;
  }
  for (points::Point& point : collection.facts.points) {
    const bool refused =
        std::find(report.refused.begin(), report.refused.end(), point.id) != report.refused.end();
    if (refused) point.not_instrumented = "its text overlaps that of another point";
  }
  for (const RuntimeFile& file : kRuntimeFiles) {
    status = Update(folder / kOwnFolder / file.name, file.text);
    if (!status.ok()) return status;
  }
  status = Update(folder / kOwnFolder / "points.json", points::Json(collection, false));
  if (!status.ok()) return status;
  const fs::path launcher = folder / kOwnFolder / "launcher";
  status = Update(launcher, Launcher(folder));
  if (!status.ok()) return status;
  std::error_code error;
  fs::permissions(launcher, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                  fs::perm_options::add, error);
  return report;
}

}  // namespace rankle::instrument
