#include "detectors/instrument/overlay.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_replace.h"
#include "cli/launch/files.h"
#include "cli/launch/text.h"
#include "detectors/fault_points/output.h"
#include "detectors/instrument/edits.h"
#include "detectors/instrument/include_place.h"
#include "detectors/instrument/overlay_folder.h"
#include "detectors/instrument/runtime_files.h"
#include "detectors/instrument/source_tree.h"
#include "detectors/tooling/file_filter.h"

namespace rankle::instrument {
namespace {

namespace fs = std::filesystem;
using cli::Cat;

absl::Status Prepare(const fs::path& root, const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error) && !fs::exists(folder / kOwnFolder, error)) {
    return absl::FailedPreconditionError(
        Cat(folder.string(),
            ": holds something else than an overlay: name a folder that is empty or not there yet"));
  }
  if (folder.string().find_first_of("\"\n") != std::string::npos) {
    return absl::InvalidArgumentError(
        Cat(folder.string(),
            ": no #include can name a path with a double quote or a line break in it: name another folder"));
  }
  const std::string inside = fs::relative(root, folder, error).string();
  if (folder == root || (!inside.empty() && !inside.starts_with("..")))
    return absl::InvalidArgumentError(Cat(folder.string(), ": the sources lie in it: name another folder"));
  fs::create_directories(folder / kOwnFolder, error);
  if (error) return absl::PermissionDeniedError(Cat(folder.string(), ": ", error.message()));
  return absl::OkStatus();
}

// For units that are not in the compile database but include rewritten headers.
std::string Launcher(const fs::path& folder) {
  return Cat(
      "#!/bin/sh\n# A compiler launcher (CMAKE_CXX_COMPILER_LAUNCHER, or before the compiler's name) that "
      "lets units include\n"
      "# the runtime of rankle's instrumentation which were not in the compile database.\n"
      "exec \"$@\" -include '",
      absl::StrReplaceAll((folder / kOwnFolder / "rankle_points.h").string(), {{"'", "'\\''"}}), "'\n");
}

// By the place of their file. Units may know a file by different names, with the same edits.
std::map<std::string, std::vector<points::Edit>> EditsOfPlaces(const source::Collection& collection) {
  std::map<std::string, std::string> places;
  std::map<std::string, std::vector<points::Edit>> edits;
  std::set<std::tuple<std::string, uint32_t, uint32_t, std::string, std::string>> known;
  for (const points::Edit& edit : collection.facts.edits) {
    std::string& place = places[edit.file];
    if (place.empty()) place = PlaceInTree(collection.root, edit.file);
    if (known.emplace(place, edit.begin, edit.end, edit.before, edit.after).second)
      edits[place].push_back(edit);
  }
  return edits;
}

}  // namespace

absl::StatusOr<OverlayReport> WriteOverlay(source::Collection& collection, const std::string& name) {
  const fs::path root = collection.root;
  fs::path folder = tooling::Normalised(fs::current_path().string(), name);
  if (folder.filename().empty()) folder = folder.parent_path();  // "overlay/"
  absl::Status status = Prepare(root, folder);
  if (!status.ok()) return status;

  std::map<std::string, std::vector<points::Edit>> edits = EditsOfPlaces(collection);
  const std::string header = (folder / kOwnFolder / "rankle_points.h").string();
  std::set<std::string> units, rewritten;
  for (const source::UnitReport& unit : collection.units) {
    const std::string place = PlaceInTree(root, unit.file);
    units.insert(place);
    if (fs::path(place).extension() != ".c") edits.try_emplace(place);
  }
  for (const auto& [place, of_place] : edits) rewritten.insert(place);
  absl::StatusOr<Tree> tree = ListTree(root, folder, rewritten);
  if (!tree.ok()) return tree.status();
  for (const std::string& place : rewritten)  // also where they lie in what is left out
    (*tree)[place] = {.source = root / place};

  OverlayReport report;
  OverlayFolder overlay(folder);
  status = overlay.ForgetOthers(*tree);
  if (!status.ok()) return status;
  for (const auto& [place, entry] : *tree) {
    const auto of_place = edits.find(place);
    if (of_place == edits.end()) {
      status = overlay.Put(place, entry, report.copied);
    } else {
      const auto text = cli::ReadFile(entry.source.string());
      if (!text.ok()) return text.status();
      if (units.count(place)) {
        const size_t at = IncludePlace(*text);
        const auto offset = static_cast<uint32_t>(at);
        of_place->second.insert(of_place->second.begin(), {.file = place,
                                                           .begin = offset,
                                                           .end = offset,
                                                           .before = IncludeText(*text, at, header),
                                                           .after = "",
                                                           .point = ""});
      }
      const Edited edited = ApplyEdits(*text, of_place->second);
      report.refused.insert(report.refused.end(), edited.refused.begin(), edited.refused.end());
      status = overlay.Write(place, edited.text);
      ++report.files;
    }
    if (!status.ok()) return status;
  }
  for (points::Point& point : collection.facts.points) {
    const bool refused =
        std::find(report.refused.begin(), report.refused.end(), point.id) != report.refused.end();
    if (refused) point.not_instrumented = "its text overlaps that of another point";
  }
  const std::string own = Cat(kOwnFolder, "/");
  for (const RuntimeFile& file : kRuntimeFiles) {
    status = overlay.Write(own + file.name, file.text);
    if (!status.ok()) return status;
  }
  status = overlay.Write(own + "points.json", points::Json(collection, false));
  if (!status.ok()) return status;
  status = overlay.Write(own + "launcher", Launcher(folder));
  if (!status.ok()) return status;
  std::error_code error;
  fs::permissions(folder / kOwnFolder / "launcher",
                  fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                  fs::perm_options::add, error);
  return report;
}

}  // namespace rankle::instrument
