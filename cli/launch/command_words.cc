#include "cli/launch/command_words.h"

#include <stdlib.h>

#include <filesystem>

#include "cli/launch/command_path.h"
#include "cli/launch/installation.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;

std::string ResolveProgram(const std::string& program) {
  if (program.empty() || program.front() == '/' || FileExists(program)) return program;
  const fs::path prefix = ThisInstallation().prefix;
  const fs::path candidates[] = {prefix.parent_path() / program,
                                 prefix / "bin" / fs::path(program).filename()};
  for (const fs::path& candidate : candidates) {
    if (FileExists(candidate.string())) return candidate.string();
  }
  return program;
}

const char* LookUpVariable(const char* name) {
  if (std::string_view(name) == "RANKLE_PREFIX") return ThisInstallation().prefix.c_str();
  if (std::string_view(name) == "RANKLE_CORPORA") return ThisInstallation().corpora_dir.c_str();
  return getenv(name);
}

}  // namespace

absl::StatusOr<std::string> ExpandVariables(std::string_view text, const char* (*lookup)(const char*)) {
  std::string expanded;
  for (;;) {
    const size_t start = text.find("${");
    expanded += text.substr(0, start);
    if (start == std::string_view::npos) return expanded;
    const size_t end = text.find('}', start);
    if (end == std::string_view::npos) return absl::InvalidArgumentError(Cat("'", text, "': ${ without }"));
    const std::string variable(text.substr(start + 2, end - start - 2));
    const char* value = lookup(variable.c_str());
    if (value == nullptr)
      return absl::InvalidArgumentError(Cat("${", variable, "}: this variable is not set"));
    expanded += value;
    text.remove_prefix(end + 1);
  }
}

absl::StatusOr<std::vector<std::string>> ResolveCommand(const std::vector<std::string>& words) {
  std::vector<std::string> command;
  for (const std::string& word : words) {
    absl::StatusOr<std::string> expanded = ExpandVariables(word, LookUpVariable);
    if (!expanded.ok()) return expanded.status();
    command.push_back(*std::move(expanded));
  }
  command.front() = ResolveProgram(command.front());
  const char* path = getenv("PATH");
  if (const auto found = FindCommand(command.front(), path ? path : "/usr/bin:/bin"); !found.ok())
    return found.status();
  return command;
}

}  // namespace rankle::cli
