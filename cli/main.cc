// The `rankle` command: parses the command line, runs one subcommand, returns its exit code. Wrong usage is
// one line on stderr and exit code 2.
#include <algorithm>
#include <exception>

#include "absl/strings/str_replace.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "cli/subcommand.h"

namespace rankle::cli {
namespace {

constexpr char kSummary[] =
    "rankle breaks distributed training jobs on purpose and finds out who broke them when nobody meant to.";
constexpr char kExamples[] =
    "Examples:\n"
    "  rankle run -n 4 --virtual-gpus 4 -- ./ddp_train --steps 100\n"
    "  rankle run -n 4 --virtual-gpus 4 --fault 'hang ncclAllReduce rank=2 call=50' -o out -- ./ddp_train\n"
    "  rankle analyze out\n"
    "\"rankle SUBCOMMAND --help\" explains each one.";

// The usage line of subcommands that wrap a command says so.
class CommandFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    const std::string usage = CLI::Formatter::make_usage(app, name);
    return usage.substr(0, usage.find_last_not_of('\n') + 1) + " -- COMMAND...\n";
  }
};

// What stands before and after the first "--".
struct CommandLine {
  std::vector<std::string> own;
  std::vector<std::string> command;
  bool has_separator = false;
};

CommandLine Split(int argc, char** argv) {
  const std::vector<std::string> all(argv + 1, argv + argc);
  const auto separator = std::find(all.begin(), all.end(), "--");
  CommandLine line{.own = {all.begin(), separator}, .command = {}, .has_separator = separator != all.end()};
  if (line.has_separator) line.command.assign(separator + 1, all.end());
  return line;
}

int WrongUsage(std::string_view subcommand, std::string_view what) {
  const std::string called = subcommand.empty() ? "rankle" : Cat("rankle ", subcommand);
  Say(Cat(absl::StrReplaceAll(std::string(what), {{"\n", " "}}), "; see '", called, " --help'"));
  return kExitUnusable;
}

std::string ParsedPath(const CLI::App& app) {
  std::string path;
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    path += (path.empty() ? "" : " ") + at->get_name();
  }
  return path;
}

int Main(int argc, char** argv) {
  CLI::App app(kSummary, "rankle");
  app.footer(kExamples);
  app.require_subcommand(1);
  const std::vector<std::unique_ptr<Subcommand>> subcommands = AllSubcommands();
  for (const auto& subcommand : subcommands) {
    CLI::App* parser = app.add_subcommand(subcommand->name(), subcommand->summary());
    parser->footer(Cat("Examples:\n", subcommand->examples()));
    if (subcommand->takes_command()) parser->formatter(std::make_shared<CommandFormatter>());
    subcommand->DeclareFlags(*parser);
  }

  const CommandLine line = Split(argc, argv);
  try {
    std::vector<std::string> reversed(line.own.rbegin(), line.own.rend());  // as CLI11 wants them
    app.parse(reversed);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return WrongUsage(ParsedPath(app), error.what());
  }
  for (const auto& subcommand : subcommands) {
    if (!app.got_subcommand(subcommand->name())) continue;
    if (line.has_separator && !subcommand->takes_command()) {
      return WrongUsage(subcommand->name(), "takes no command after --");
    }
    return subcommand->Run(line.command);
  }
  return kExitInternalError;
}

}  // namespace
}  // namespace rankle::cli

int main(int argc, char** argv) {
  try {
    return rankle::cli::Main(argc, argv);
  } catch (const std::exception& error) {
    rankle::cli::Say(rankle::cli::Cat("internal error: ", error.what()));
    return rankle::cli::kExitInternalError;
  }
}
