#include "detectors/source/options.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "cli/launch/text.h"

namespace rankle::source {
namespace {

using cli::Cat;

bool Set(Options& options, const std::string& name, const std::string& value) {
  const std::pair<const char*, std::string*> texts[] = {{"db", &options.database},
                                                        {"root", &options.root},
                                                        {"format", &options.format},
                                                        {"output", &options.output},
                                                        {"sqlite", &options.sqlite},
                                                        {"overlay", &options.overlay},
                                                        {"checks", &options.checks},
                                                        {"baseline", &options.baseline},
                                                        {"write-baseline", &options.write_baseline},
                                                        {"cache", &options.cache},
                                                        {"summaries", &options.summaries}};
  const std::pair<const char*, std::vector<std::string>*> lists[] = {
      {"only", &options.only}, {"skip", &options.skip}, {"file", &options.files}};
  const std::pair<const char*, int*> numbers[] = {{"jobs", &options.jobs},
                                                  {"unit-limit", &options.unit_limit_s}};
  const std::pair<const char*, bool*> switches[] = {{"list", &options.list},
                                                    {"dropped", &options.dropped},
                                                    {"no-cache", &options.no_cache},
                                                    {"timings", &options.timings},
                                                    {"fix", &options.fix}};
  for (const auto& [known, target] : texts) {
    if (name == known) return *target = value, true;
  }
  for (const auto& [known, target] : lists) {
    if (name == known) return target->push_back(value), true;
  }
  for (const auto& [known, target] : numbers) {
    if (name == known) return absl::SimpleAtoi(value, target) && *target > 0;
  }
  for (const auto& [known, target] : switches) {
    if (name == known) return *target = value == "1", true;
  }
  return false;
}

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  static constexpr const char* kTasks[] = {"points", "instrument", "lint"};
  if (arguments.empty() || std::find(std::begin(kTasks), std::end(kTasks), arguments[0]) == std::end(kTasks))
    return absl::InvalidArgumentError(
        "rankle-source is the parser behind 'rankle points', 'rankle instrument' and 'rankle lint'");
  options.task = arguments[0];
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      options.has_flags = true;
      options.flags.assign(arguments.begin() + static_cast<long>(i) + 1, arguments.end());
      break;
    }
    const size_t equals = argument.find('=');
    const bool flag = argument.starts_with("--") && equals != std::string::npos;
    if (!flag || !Set(options, argument.substr(2, equals - 2), argument.substr(equals + 1)))
      return absl::InvalidArgumentError(
          Cat("'", argument, "': unknown; see 'rankle ", options.task, " --help'"));
  }
  if (options.has_flags && options.files.empty())
    return absl::InvalidArgumentError("flags after -- are for files: name them before it");
  if (options.task == "instrument" && options.overlay.empty())
    return absl::InvalidArgumentError("instrument: no place for the overlay was named");
  return options;
}

}  // namespace rankle::source
