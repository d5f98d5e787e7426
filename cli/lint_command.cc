#include "cli/lint_command.h"

#include <filesystem>

#include "cli/launch/text.h"
#include "cli/source_program.h"

namespace rankle::cli {

const char* LintCommand::examples() const {
  return "  rankle lint -p build                                   (every unit of the compile database)\n"
         "  rankle lint trainer.cu -- -std=c++17 -Iinclude         (without a database)\n"
         "  rankle lint --checks='-*,nccl-count-in-bytes' --fix\n"
         "  rankle lint --write-baseline lint.json                 (accept what is there)\n"
         "  rankle lint --baseline lint.json --format sarif -o lint.sarif\n"
         "Silence a line with // NOLINT(rankle-count-in-bytes). Checks: --list-checks, docs/checks.\n"
         "Exit code: 0 nothing new found, 1 findings, 2 unusable input, or no unit could be checked. Errors "
         "in\n"
         "sources are notes: what does not depend on them is checked.";
}

void LintCommand::DeclareFlags(Flags& flags) {
  source_.Declare(flags);
  flags.Text({.name = "--checks",
              .type = "GLOBS",
              .help = "In a list, later ones win, '-' takes away: '-*,nccl-group-*'; '*': advice too"},
             checks_);
  flags.Switch("--list-checks", "Print the checks and do nothing else", list_checks_);
  flags.Choice({.name = "--format", .type = "FORMAT", .help = "text, sarif or json"},
               {"text", "sarif", "json"}, format_);
  flags.Text({.name = "-o,--output", .type = "FILE", .help = "Write there instead of standard output"},
             output_);
  flags.Text({.name = "--sqlite",
              .type = "FILE",
              .help = "Also write tables lint_*, e.g. into the file of analyze --db"},
             sqlite_);
  flags.Text({.name = "--baseline", .type = "FILE", .help = "Findings in it are accepted"}, baseline_);
  flags.Text({.name = "--write-baseline", .type = "FILE", .help = "Write all findings as a baseline"},
             write_baseline_);
  flags.Text({.name = "--summaries",
              .type = "FILE",
              .help = "SQLite: what functions of other units do, from run to run (for one file at a time)"},
             summaries_);
  flags.Switch("--fix", "Change the sources where a finding has a safe fix", fix_);
  flags.Text({.name = "--cache", .type = "DIR", .help = "Results by content; default: ~/.cache/rankle/lint"},
             cache_);
  flags.Switch("--no-cache", "Check everything anew, store nothing", no_cache_);
  flags.Switch("--timings", "Say on stderr where the time went: parsing, paths, each check", timings_);
}

int LintCommand::Run(const std::vector<std::string>& command) {
  std::vector<std::string> extra{Cat("--format=", format_)};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) extra.push_back(Cat("--", name, "=", value));
  };
  add("checks", checks_);
  add("output", output_);
  add("sqlite", sqlite_);
  add("baseline", baseline_);
  add("write-baseline", write_baseline_);
  add("summaries", summaries_);
  if (!cache_.empty()) add("cache", std::filesystem::absolute(cache_).string());
  if (list_checks_) extra.emplace_back("--list=1");
  if (no_cache_) extra.emplace_back("--no-cache=1");
  if (timings_) extra.emplace_back("--timings=1");
  if (fix_) extra.emplace_back("--fix=1");
  return BecomeSourceProgram(source_.Arguments("lint", extra, command));
}

}  // namespace rankle::cli
