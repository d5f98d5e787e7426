#include "cli/bugs/reproductions.h"

#include <stdlib.h>

#include <set>

#include "absl/strings/str_join.h"
#include "cli/campaign/command_output.h"
#include "cli/launch/files.h"
#include "cli/launch/installation.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

constexpr char kPythonVariable[] = "RANKLE_TORCH_PYTHON";
constexpr std::string_view kSeparator = " / ";

}  // namespace

absl::StatusOr<std::vector<SuiteCase>> ReadReproductions() {
  const std::string file = Cat(ThisInstallation().corpora_dir, "/bugs/reproduced.yaml");
  const absl::StatusOr<std::string> text = ReadFile(file);
  if (!text.ok()) return text.status();
  return ParseSuite(*text, file);
}

std::string_view BugOf(const SuiteCase& one) {
  return std::string_view(one.name).substr(0, one.name.find(kSeparator));
}

std::vector<std::string> ReproducedBugs(const std::vector<SuiteCase>& cases) {
  std::set<std::string> bugs;
  for (const SuiteCase& one : cases) bugs.emplace(BugOf(one));
  return {bugs.begin(), bugs.end()};
}

absl::StatusOr<std::vector<SuiteCase>> ReproductionsOf(const std::vector<SuiteCase>& cases,
                                                       std::string_view bug, std::string_view variant) {
  std::vector<SuiteCase> found;
  for (const SuiteCase& one : cases) {
    if (one.name == Cat(bug, kSeparator, variant)) found.push_back(one);
  }
  if (!found.empty()) return found;
  return absl::NotFoundError(
      Cat(bug, ": this bug is not reproduced; these are: ", absl::StrJoin(ReproducedBugs(cases), ", ")));
}

absl::Status ProvideTorchPython() {
  if (getenv(kPythonVariable) == nullptr)
    setenv(kPythonVariable, Cat(ThisInstallation().prefix, "/torch-venv/bin/python").c_str(), 1);
  const std::string python = getenv(kPythonVariable);
  // Looks for PyTorch without importing it, which takes seconds.
  const auto found = CommandOutput(
      {python, "-c", "import importlib.util; print(importlib.util.find_spec('torch') is not None)"});
  if (found.ok() && found->starts_with("True")) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Cat(python, ": no Python with PyTorch: make one with scripts/frameworks/setup, or set ",
          kPythonVariable, " to the Python of an environment that has it"));
}

}  // namespace rankle::cli
