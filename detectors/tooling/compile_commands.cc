#include "detectors/tooling/compile_commands.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "clang/Tooling/JSONCompilationDatabase.h"
#include "detectors/tooling/file_filter.h"

namespace rankle::tooling {
namespace {

namespace fs = std::filesystem;

constexpr char kDatabaseName[] = "compile_commands.json";

std::string Here() {
  std::error_code error;
  return fs::current_path(error).string();
}

}  // namespace

std::string FindDatabase() {
  for (fs::path folder = Here(); !folder.empty(); folder = folder.parent_path()) {
    for (const fs::path& candidate : {folder, folder / "build"}) {
      std::error_code error;
      if (fs::exists(candidate / kDatabaseName, error)) return candidate.string();
    }
    if (folder == folder.root_path()) break;
  }
  return "";
}

absl::StatusOr<std::vector<Unit>> UnitsOfDatabase(const std::string& folder,
                                                  const std::vector<std::string>& files) {
  const fs::path path = fs::is_directory(folder) ? fs::path(folder) / kDatabaseName : fs::path(folder);
  std::string problem;
  const auto database = clang::tooling::JSONCompilationDatabase::loadFromFile(
      path.string(), problem, clang::tooling::JSONCommandLineSyntax::AutoDetect);
  if (!database) {
    return absl::NotFoundError(
        absl::StrCat(path.string(), ": not a compile database: ", problem,
                     ": build with -DCMAKE_EXPORT_COMPILE_COMMANDS=ON or bear, or give files "
                     "and their flags after --"));
  }
  std::set<std::string> wanted;
  for (const std::string& file : files) wanted.insert(Normalised(Here(), file));
  std::vector<Unit> units;
  std::set<std::string> taken;
  for (const clang::tooling::CompileCommand& command : database->getAllCompileCommands()) {
    std::string file = Normalised(command.Directory, command.Filename);
    if ((!wanted.empty() && !wanted.count(file)) || !taken.insert(file).second) continue;
    units.push_back({command.Directory, std::move(file), command.CommandLine});
    std::replace(units.back().command.begin(), units.back().command.end(), command.Filename,
                 units.back().file);
  }
  for (const std::string& file : wanted) {
    if (!taken.count(file)) {
      return absl::NotFoundError(
          absl::StrCat(file, ": not in ", path.string(), ": give its flags after -- instead"));
    }
  }
  if (units.empty()) return absl::NotFoundError(absl::StrCat(path.string(), ": holds no command"));
  return units;
}

absl::StatusOr<std::vector<Unit>> UnitsOfFiles(const std::vector<std::string>& files,
                                               const std::vector<std::string>& flags) {
  std::vector<Unit> units;
  for (const std::string& file : files) {
    Unit unit{Here(), Normalised(Here(), file), {"c++"}};
    std::error_code error;
    if (!fs::is_regular_file(unit.file, error))
      return absl::NotFoundError(absl::StrCat(file, ": no such file"));
    unit.command.insert(unit.command.end(), flags.begin(), flags.end());
    unit.command.push_back(unit.file);
    units.push_back(std::move(unit));
  }
  return units;
}

}  // namespace rankle::tooling
