#include "detectors/source/collect.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "cli/launch/text.h"
#include "detectors/fault_points/extract.h"
#include "detectors/fault_points/merge.h"
#include "detectors/source/progress.h"
#include "detectors/tooling/compile_commands.h"
#include "detectors/tooling/file_filter.h"
#include "detectors/tooling/forked_jobs.h"
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

std::string ExtractUnit(const Unit& unit, const tooling::ParserFiles& parser, const FileFilter& filter) {
  points::Facts facts;
  points::Extractor extractor(filter, facts);
  const tooling::ParseResult result = tooling::ParseUnit(unit, parser, extractor);
  facts.errors = result.errors;
  facts.first_error = result.first_error;
  return points::ToJson(facts);
}

}  // namespace

bool Collection::Complete() const {
  return std::none_of(units.begin(), units.end(),
                      [](const UnitReport& unit) { return unit.errors > 0 || !unit.failure.empty(); });
}

absl::StatusOr<Collection> Collect(const Options& options) {
  const auto started = std::chrono::steady_clock::now();
  auto units = Units(options);
  if (!units.ok()) return units.status();
  const tooling::ParserFiles parser = tooling::FindParserFiles();
  if (parser.resource_dir.empty())
    return absl::NotFoundError("clang's own headers are gone: install libclang-common-19-dev");

  Collection collection;
  FileFilter filter{.root = {}, .only = options.only, .skip = options.skip};
  if (options.root.empty()) {
    std::vector<std::string> files;
    for (const Unit& unit : *units) files.push_back(unit.file);
    filter.root = tooling::CommonFolder(files);
  } else {
    filter.root = tooling::Normalised(std::filesystem::current_path(), options.root);
    while (filter.root.size() > 1 && filter.root.back() == '/') filter.root.pop_back();
  }
  collection.root = filter.root;
  std::erase_if(*units, [&](const Unit& unit) {
    const std::string relative = FileFilter{filter.root, {}, options.skip}.Relative(unit.file);
    return relative.empty();  // `only` is for points: a unit may include a header that is wanted
  });
  if (units->empty())
    return absl::NotFoundError(
        Cat(filter.root, ": no unit lies there, or all are skipped; see --root and --skip"));

  collection.units.resize(units->size());
  for (size_t i = 0; i < units->size(); ++i) collection.units[i].file = (*units)[i].file;
  std::vector<points::Facts> answers(units->size());
  Progress progress(units->size());
  const auto done = [&](tooling::JobEnd end) {
    UnitReport& report = collection.units[end.job];
    report.failure = end.failure;
    if (end.failure.empty() && !points::FromJson(end.answer, answers[end.job]))
      report.failure = "answer cut short";
    report.errors = answers[end.job].errors;
    report.first_error = answers[end.job].first_error;
    progress.Done(report.errors > 0 || !report.failure.empty());
  };
  const bool ran = tooling::RunForked(
      units->size(), options.jobs, std::chrono::seconds(options.unit_limit_s),
      [&](size_t job) { return ExtractUnit((*units)[job], parser, filter); }, done);
  progress.Finish();
  if (!ran) return absl::ResourceExhaustedError("no process for the parser can be started");
  points::Merger merger;  // in the order of the units, whoever was done first
  for (points::Facts& answer : answers) merger.Add(std::move(answer));
  collection.facts = merger.Finish();
  collection.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return collection;
}

}  // namespace rankle::source
