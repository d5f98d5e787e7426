#include "cli/flags.h"

#include <CLI/CLI.hpp>

namespace rankle::cli {
namespace {

void Describe(const Flag& flag, CLI::Option* option) {
  option->type_name(flag.type);
  if (flag.required) option->required();
}

}  // namespace

void Flags::Text(const Flag& flag, std::string& value) {
  CLI::Option* option = app_.add_option(flag.name, value, flag.help);
  if (!value.empty()) option->capture_default_str();
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

void Flags::Number(const Flag& flag, std::optional<uint64_t>& value) {
  Describe(flag, app_.add_option_function<uint64_t>(
                     flag.name, [&value](uint64_t given) { value = given; }, flag.help));
}

void Flags::Real(const Flag& flag, double least, double most, double& value) {
  Describe(
      flag,
      app_.add_option(flag.name, value, flag.help)->check(CLI::Range(least, most))->capture_default_str());
}

void Flags::Switch(const char* name, const char* help, bool& value) { app_.add_flag(name, value, help); }

Flags Flags::Nested(const char* name, const char* summary, bool& chosen) {
  app_.require_subcommand(1);
  CLI::App* nested = app_.add_subcommand(name, summary);
  nested->callback([&chosen] { chosen = true; });
  return Flags(*nested);
}

}  // namespace rankle::cli
