#include "detectors/checks/check_testing.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "detectors/checks/check_unit.h"

namespace rankle::lint {

namespace fs = std::filesystem;

CheckedSource CheckSource(const std::string& text, const std::vector<std::string>& flags) {
  const fs::path before = fs::current_path();
  std::string scratch = (fs::temp_directory_path() / "rankle-lint-XXXXXX").string();
  if (!mkdtemp(scratch.data())) std::abort();
  tooling::Unit unit{scratch, (fs::path(scratch) / "case.cc").string(), {"c++"}};
  std::ofstream(unit.file) << text;
  unit.command.insert(unit.command.end(), flags.begin(), flags.end());
  unit.command.insert(unit.command.end(), {"-isystem", RANKLE_MOCK_HEADERS, unit.file});
  CheckedSource checked;
  CheckedUnit result_of_unit;
  const tooling::ParseResult result =
      CheckUnit(unit, tooling::FindParserFiles(), {scratch, {}, {}}, AllChecks(), {}, result_of_unit);
  checked.findings = std::move(result_of_unit.findings);
  checked.errors = result.errors;
  checked.first_error = result.first_error;
  fs::current_path(before);
  fs::remove_all(scratch);
  return checked;
}

}  // namespace rankle::lint
