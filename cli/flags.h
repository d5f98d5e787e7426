// The flags of a subcommand. The one place, with main.cc, that knows the command-line library: its header
// costs more to compile than everything else here together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace rankle::cli {

// `name` as on the command line: "-o,--output", or "DIR" for a positional argument.
struct Flag {
  const char* name;
  const char* type;  // of the value, for --help: "FILE"
  const char* help;
  bool required = false;
};

// The variables given to these functions are filled in by parsing and must outlive it; their values before
// are the defaults, which --help shows.
class Flags {
 public:
  explicit Flags(CLI::App& app) : app_(app) {}
  void Text(const Flag& flag, std::string& value);
  void Texts(const Flag& flag, std::vector<std::string>& values);  // may be repeated
  void Choice(const Flag& flag, const std::vector<std::string>& allowed, std::string& value);
  void Integer(const Flag& flag, int64_t least, int64_t most, int& value);
  void Number(const Flag& flag, std::optional<uint64_t>& value);
  void Real(const Flag& flag, double least, double most, std::optional<double>& value);
  void Switch(const char* name, const char* help, bool& value);
  // One of these must be given; `chosen` says which it was.
  Flags Nested(const char* name, const char* summary, bool& chosen);

 private:
  CLI::App& app_;
};

}  // namespace rankle::cli
