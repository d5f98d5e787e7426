#include "cli/flags.h"

#include <CLI/CLI.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace rankle::cli {
namespace {

void Describe(const Flag& flag, CLI::Option* option) {
  option->type_name(flag.type);
  if (flag.required) option->required();
}

}  // namespace

// No file, command or name is empty: '' is what an unset variable of a script leaves.
void Flags::Text(const Flag& flag, std::string& value) {
  const auto read = [&value, name = flag.name](const std::string& text) {
    if (text.empty()) throw CLI::ValidationError(name, "is empty");
    value = text;
  };
  CLI::Option* option = app_.add_option_function<std::string>(flag.name, read, flag.help);
  if (!value.empty()) option->default_str(value);
  Describe(flag, option);
}

void Flags::Texts(const Flag& flag, std::vector<std::string>& values) {
  CLI::Option* option = app_.add_option(flag.name, values, flag.help);
  // Without this a repeatable flag swallows the words that follow its value.
  if (flag.name[0] == '-') option->expected(1)->take_all();
  Describe(flag, option);
}

void Flags::Choice(const Flag& flag, const std::vector<std::string>& allowed, std::string& value) {
  CLI::Option* option = app_.add_option(flag.name, value, flag.help)->check(CLI::IsMember(allowed));
  if (!value.empty()) option->capture_default_str();
  Describe(flag, option);
}

void Flags::Integer(const Flag& flag, int64_t least, int64_t most, int& value) {
  CLI::Option* option = app_.add_option(flag.name, value, flag.help)->check(CLI::Range(least, most));
  if (value != 0) option->capture_default_str();
  Describe(flag, option);
}

// Numbers are read here: the library takes -1 for 2^64 - 1, and nan for a number in every range.
void Flags::Number(const Flag& flag, std::optional<uint64_t>& value) {
  const auto read = [&value, name = flag.name](const std::string& text) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(text, &number)) {
      throw CLI::ValidationError(name, "'" + text + "' is not a number from 0 to 2^64 - 1");
    }
    value = number;
  };
  Describe(flag, app_.add_option_function<std::string>(flag.name, read, flag.help));
}

void Flags::Real(const Flag& flag, double least, double most, std::optional<double>& value) {
  const auto read = [&value, least, most, name = flag.name](const std::string& text) {
    double number = 0;
    if (!absl::SimpleAtod(text, &number) || !(number >= least && number <= most)) {
      throw CLI::ValidationError(name,
                                 absl::StrFormat("'%s' is not a number from %g to %g", text, least, most));
    }
    value = number;
  };
  Describe(flag, app_.add_option_function<std::string>(flag.name, read, flag.help));
}

void Flags::Switch(const char* name, const char* help, bool& value) { app_.add_flag(name, value, help); }

Flags Flags::Nested(const char* name, const char* summary, bool& chosen) {
  app_.require_subcommand(1);
  CLI::App* nested = app_.add_subcommand(name, summary);
  nested->callback([&chosen] { chosen = true; });
  return Flags(*nested);
}

}  // namespace rankle::cli
