// A subcommand of `rankle`: one file pair each, listed in subcommands.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/flags.h"

namespace rankle::cli {

class Subcommand {
 public:
  virtual ~Subcommand() = default;
  virtual const char* name() const = 0;
  virtual const char* summary() const = 0;
  // Example command lines for --help, one a line.
  virtual const char* examples() const = 0;
  // True when "-- COMMAND..." may follow.
  virtual bool takes_command() const { return false; }
  // What follows it, for --help.
  virtual const char* command_name() const { return "COMMAND..."; }
  virtual void DeclareFlags(Flags& flags) = 0;
  // Called once, after the flags were parsed; `command` is what followed "--". Returns the exit code.
  virtual int Run(const std::vector<std::string>& command) = 0;
};

// All subcommands in the order of --help.
std::vector<std::unique_ptr<Subcommand>> AllSubcommands();

}  // namespace rankle::cli
