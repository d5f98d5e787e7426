// The list of subcommands: the only place that knows all of them.
#include "cli/run_command.h"
#include "cli/subcommand.h"
#include "cli/version_command.h"

namespace rankle::cli {

std::vector<std::unique_ptr<Subcommand>> AllSubcommands() {
  std::vector<std::unique_ptr<Subcommand>> all;
  all.push_back(std::make_unique<RunCommand>());
  all.push_back(std::make_unique<VersionCommand>());
  return all;
}

}  // namespace rankle::cli
