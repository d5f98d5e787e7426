#include "cli/source_flags.h"

#include <algorithm>
#include <thread>

#include "cli/launch/text.h"

namespace rankle::cli {

void SourceFlags::Declare(Flags& flags) {
  flags.Texts({.name = "FILE", .type = "", .help = "Sources; without any: all of the compile database"},
              files_);
  flags.Text({.name = "-p,--compile-commands",
              .type = "DIR",
              .help = "Folder of compile_commands.json; default: here, build/, or above"},
             database_);
  flags.Text({.name = "--root",
              .type = "DIR",
              .help = "Only what lies below is yours; default: the folder that all units lie in"},
             root_);
  flags.Texts(
      {.name = "--only", .type = "GLOB", .help = "Only these files below the root, e.g. 'transport/*'"},
      only_);
  flags.Texts({.name = "--skip", .type = "GLOB", .help = "Not these, e.g. '*_test.cc'"}, skip_);
  flags.Integer(
      {.name = "-j,--jobs", .type = "N", .help = "Units at once; default: as many as there are cores"}, 1,
      1024, jobs_);
  flags.Integer({.name = "--unit-limit", .type = "SECONDS", .help = "Give up on a unit that takes longer"}, 1,
                86400, unit_limit_s_);
}

std::vector<std::string> SourceFlags::Arguments(const char* task, const std::vector<std::string>& extra,
                                                const std::vector<std::string>& command) const {
  std::vector<std::string> arguments{task};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) arguments.push_back(Cat("--", name, "=", value));
  };
  const auto add_all = [&](const char* name, const std::vector<std::string>& values) {
    for (const std::string& value : values) add(name, value);
  };
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  add("db", database_);
  add("root", root_);
  add_all("only", only_);
  add_all("skip", skip_);
  add_all("file", files_);
  add("jobs", std::to_string(jobs_ == 0 ? cores : jobs_));
  add("unit-limit", std::to_string(unit_limit_s_));
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  if (!command.empty()) {
    arguments.emplace_back("--");
    arguments.insert(arguments.end(), command.begin(), command.end());
  }
  return arguments;
}

}  // namespace rankle::cli
