#include "detectors/fault_points/extract_testing.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "detectors/fault_points/extract.h"
#include "detectors/fault_points/merge.h"
#include "detectors/tooling/parse_unit.h"

namespace rankle::points {

namespace fs = std::filesystem;

Facts FactsOf(const std::vector<TestFile>& files, const std::vector<std::string>& flags) {
  const fs::path before = fs::current_path();
  std::string scratch = (fs::temp_directory_path() / "rankle-points-XXXXXX").string();
  if (!mkdtemp(scratch.data())) std::abort();
  for (const TestFile& file : files) {
    const fs::path path = fs::path(scratch) / file.name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << file.text;
  }
  const tooling::FileFilter filter{scratch, {}, {}};
  Merger merger;
  std::string first_error;
  for (const TestFile& file : files) {
    if (file.name.ends_with(".h")) continue;
    tooling::Unit unit{scratch, (fs::path(scratch) / file.name).string(), {"c++"}};
    unit.command.insert(unit.command.end(), flags.begin(), flags.end());
    unit.command.push_back(unit.file);
    Facts facts;
    Extractor extractor(filter, facts);
    const tooling::ParseResult result = ParseUnit(unit, tooling::FindParserFiles(), extractor);
    facts.errors = result.errors;
    if (first_error.empty()) first_error = result.first_error;
    merger.Add(std::move(facts));
  }
  fs::current_path(before);
  fs::remove_all(scratch);
  Facts all = merger.Finish();
  all.first_error = first_error;
  return all;
}

std::vector<Point> Kept(const Facts& facts, Kind kind) {
  std::vector<Point> kept;
  for (const Point& point : facts.points) {
    if (point.kind == kind && point.dropped.empty()) kept.push_back(point);
  }
  return kept;
}

}  // namespace rankle::points
