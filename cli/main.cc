// The `rankle` command: parses the command line, runs one subcommand, returns its exit code. Wrong usage is
// one line on stderr and exit code 2.
#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <sstream>

#include "absl/strings/str_replace.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "cli/output.h"
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
  explicit CommandFormatter(const char* command_name) : command_name_(command_name) {}
  std::string make_usage(const CLI::App* app, std::string name) const override {
    const std::string usage = CLI::Formatter::make_usage(app, name);
    return usage.substr(0, usage.find_last_not_of('\n') + 1) + " -- " + command_name_ + "\n";
  }

 private:
  std::string command_name_;
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

// What CLI11 says about leftovers and missing subcommands is too general: names the culprit instead.
std::string ExplainExtra(const std::string& extra, bool takes_command) {
  if (takes_command && !extra.starts_with('-')) {
    return Cat("unexpected argument '", extra, "': put -- before the command");
  }
  return Cat(extra.starts_with('-') ? "unknown flag '" : "unexpected argument '", extra, "'");
}

std::string ParsedPath(const CLI::App& app) {
  std::string path;
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    path += (path.empty() ? "" : " ") + at->get_name();
  }
  return path;
}

using Subcommands = std::vector<std::unique_ptr<Subcommand>>;

// Empty when the first word is a flag or names a subcommand.
std::string UnknownSubcommand(const CommandLine& line, const Subcommands& subcommands) {
  if (line.own.empty() || line.own.front().starts_with('-')) return "";
  std::string known;
  for (const auto& subcommand : subcommands) {
    if (line.own.front() == subcommand->name()) return "";
    known += (known.empty() ? "" : ", ") + std::string(subcommand->name());
  }
  return Cat("unknown subcommand '", line.own.front(), "'; there are ", known);
}

// What --help and --version print.
int Print(const CLI::App& app, const CLI::Success& asked) {
  std::ostringstream text;
  app.exit(asked, text, text);
  const absl::Status status = WriteOutput("", text.str());
  if (status.ok()) return kExitOk;
  SayError(status);
  return kExitUnusable;
}

int Main(int argc, char** argv) {
  CLI::App app(kSummary, "rankle");
  app.footer(kExamples);
  app.set_version_flag("--version", "rankle " RANKLE_VERSION);
  app.require_subcommand(1);
  const Subcommands subcommands = AllSubcommands();
  for (const auto& subcommand : subcommands) {
    CLI::App* parser = app.add_subcommand(subcommand->name(), subcommand->summary());
    parser->footer(Cat("Examples:\n", subcommand->examples()));
    if (subcommand->takes_command())
      parser->formatter(std::make_shared<CommandFormatter>(subcommand->command_name()));
    Flags flags(*parser);
    subcommand->DeclareFlags(flags);
  }

  const CommandLine line = Split(argc, argv);
  if (const std::string unknown = UnknownSubcommand(line, subcommands); !unknown.empty())
    return WrongUsage("", unknown);
  try {
    std::vector<std::string> reversed(line.own.rbegin(), line.own.rend());  // as CLI11 wants them
    app.parse(reversed);
  } catch (const CLI::Success& help) {
    return Print(app, help);
  } catch (const CLI::ExtrasError&) {
    const CLI::App* parsed = app.get_subcommands().empty() ? &app : app.get_subcommands().front();
    const std::vector<std::string> extras = app.remaining(true);
    const bool takes_command =
        std::any_of(subcommands.begin(), subcommands.end(), [&](const auto& subcommand) {
          return subcommand->takes_command() && subcommand->name() == parsed->get_name();
        });
    return WrongUsage(ParsedPath(app), ExplainExtra(extras.empty() ? "" : extras.front(), takes_command));
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

// A file that is opened later must not take the place of a standard stream that the caller has closed.
void OpenClosedStreams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", O_RDWR);
  }
}

int main(int argc, char** argv) {
  OpenClosedStreams();
  try {
    return rankle::cli::Main(argc, argv);
  } catch (const std::exception& error) {
    rankle::cli::Say(rankle::cli::Cat("internal error: ", error.what()));
    return rankle::cli::kExitInternalError;
  }
}
