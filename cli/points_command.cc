#include "cli/points_command.h"

#include "cli/launch/text.h"
#include "cli/source_program.h"

namespace rankle::cli {

const char* PointsCommand::examples() const {
  return "  rankle points -p build                           (counts; every unit of the compile database)\n"
         "  rankle points -p build --list --only 'net/*'     (one line a point)\n"
         "  rankle points -p build --sqlite points.db        (tables: docs/fault-points.md)\n"
         "  rankle points --format json pair.cc -- -std=c++17 -Iinclude | jq '.points[].id'\n"
         "Exit code: 0 done, 2 unusable input, 3 done, but some units did not compile: what they hide is "
         "missing.";
}

void PointsCommand::DeclareFlags(Flags& flags) {
  source_.Declare(flags);
  flags.Choice({.name = "--format", .type = "FORMAT", .help = "text or json"}, {"text", "json"}, format_);
  flags.Text({.name = "-o,--output", .type = "FILE", .help = "Write there instead of standard output"},
             output_);
  flags.Text(
      {.name = "--sqlite", .type = "FILE", .help = "Write all points, dropped ones too, as a database"},
      sqlite_);
  flags.Switch("--list", "Text: one line a point, not only counts", list_);
  flags.Switch("--dropped", "Show what was dropped as well, and why", dropped_);
}

int PointsCommand::Run(const std::vector<std::string>& command) {
  std::vector<std::string> extra{Cat("--format=", format_)};
  if (!output_.empty()) extra.push_back(Cat("--output=", output_));
  if (!sqlite_.empty()) extra.push_back(Cat("--sqlite=", sqlite_));
  if (list_) extra.emplace_back("--list=1");
  if (dropped_) extra.emplace_back("--dropped=1");
  return BecomeSourceProgram(source_.Arguments("points", extra, command));
}

}  // namespace rankle::cli
