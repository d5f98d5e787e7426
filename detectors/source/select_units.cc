#include "detectors/source/select_units.h"

#include <filesystem>

#include "cli/launch/text.h"
#include "detectors/tooling/parse_unit.h"

namespace rankle::source {
namespace {

using cli::Cat;
using tooling::FileFilter;
using tooling::Unit;

absl::StatusOr<std::vector<Unit>> Units(const Options& options) {
  if (options.has_flags) return tooling::UnitsOfFiles(options.files, options.flags);
  const std::string database = options.database.empty() ? tooling::FindDatabase() : options.database;
  if (!database.empty()) return tooling::UnitsOfDatabase(database, options.files);
  return absl::NotFoundError(
      "no compile_commands.json here, in build/ or above: name one with -p, or give files and flags after "
      "--");
}

}  // namespace

absl::StatusOr<Selection> SelectUnits(const Options& options) {
  auto units = Units(options);
  if (!units.ok()) return units.status();
  Selection selection;
  selection.parser = tooling::FindParserFiles();
  if (selection.parser.resource_dir.empty())
    return absl::NotFoundError("clang's own headers are gone: install libclang-common-19-dev");

  FileFilter& filter = selection.filter;
  filter.only = options.only;
  filter.skip = options.skip;
  if (options.root.empty()) {
    std::vector<std::string> files;
    for (const Unit& unit : *units) files.push_back(unit.file);
    filter.root = tooling::CommonFolder(files);
  } else {
    filter.root = tooling::Normalised(std::filesystem::current_path(), options.root);
    while (filter.root.size() > 1 && filter.root.back() == '/') filter.root.pop_back();
  }
  std::erase_if(*units, [&](const Unit& unit) {
    const std::string relative = FileFilter{filter.root, {}, options.skip}.Relative(unit.file);
    return relative.empty();  // `only` is for what is found: a unit may include a header that is wanted
  });
  if (units->empty())
    return absl::NotFoundError(
        Cat(filter.root, ": no unit lies there, or all are skipped; see --root and --skip"));
  selection.units = *std::move(units);
  return selection;
}

}  // namespace rankle::source
