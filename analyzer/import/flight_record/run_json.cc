#include "analyzer/import/flight_record/run_json.h"

#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

using Json = nlohmann::json;

// A field of any numeric type, or `fallback` where it is absent, null or of another type.
template <typename T>
T Number(const Json& object, const char* key, T fallback) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number() ? it->get<T>() : fallback;
}
std::string Text(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

std::vector<uint64_t> Times(const Json& object, const char* key) {
  std::vector<uint64_t> times;
  const auto it = object.find(key);
  if (it == object.end() || !it->is_array()) return times;
  for (const Json& time : *it) {
    if (time.is_number_unsigned()) times.push_back(time.get<uint64_t>());
  }
  return times;
}

RunProcess ParseProcess(const Json& object) {
  RunProcess process;
  process.pid = Number<int32_t>(object, "pid", 0);
  process.rank = Number<int32_t>(object, "rank", -1);
  process.host = Text(object, "host");
  process.started_ns = Number<uint64_t>(object, "started_ns", 0);
  process.ended_ns = Number<uint64_t>(object, "ended_ns", 0);
  process.exit_code = Number<int32_t>(object, "exit_code", 0);
  process.signal = Number<int32_t>(object, "signal", SignalNumber(Text(object, "signal")));
  process.ended_by = Text(object, "ended_by");
  return process;
}

}  // namespace

bool LooksLikeRunJson(const std::string& first_bytes) {
  return first_bytes.find("rankle.run/") != std::string::npos;
}

absl::StatusOr<RunInfo> ParseRunJson(const std::string& text, const std::string& name) {
  const Json root = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return absl::InvalidArgumentError(absl::StrCat(name, ": not valid JSON, left out"));
  if (Text(root, "schema") != "rankle.run/1") {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": schema ", Text(root, "schema"), " is not rankle.run/1, left out"));
  }
  RunInfo info;
  if (const auto it = root.find("command"); it != root.end() && it->is_array()) {
    for (const Json& word : *it) {
      if (word.is_string())
        absl::StrAppend(&info.command, info.command.empty() ? "" : " ", word.get<std::string>());
    }
  }
  info.host = Text(root, "host");
  if (!absl::SimpleHexAtoi(Text(root, "job_id"), &info.job_id)) info.job_id = 0;
  info.n = Number<int32_t>(root, "n", 0);
  info.start_realtime_ns = Number<uint64_t>(root, "start_realtime_ns", 0);
  info.start_monotonic_ns = Number<uint64_t>(root, "start_monotonic_ns", 0);
  info.end_monotonic_ns = Number<uint64_t>(root, "end_monotonic_ns", 0);
  if (const auto it = root.find("processes"); it != root.end() && it->is_array()) {
    for (const Json& process : *it) {
      if (process.is_object()) info.processes.push_back(ParseProcess(process));
    }
  }
  info.stalls_ns = Times(root, "stalls_ns"), info.resumed_ns = Times(root, "resumed_ns");
  return info;
}

int SignalNumber(const std::string& name) {
  if (name.empty()) return 0;
  if (int number = 0; absl::SimpleAtoi(name, &number)) return number;
  const std::string bare = name.rfind("SIG", 0) == 0 ? name.substr(3) : name;
  for (int number = 1; number < NSIG; ++number) {
    const char* known = sigabbrev_np(number);
    if (known != nullptr && bare == known) return number;
  }
  return 0;
}

std::string SignalName(int signal) {
  const char* known = sigabbrev_np(signal);
  return known == nullptr ? absl::StrCat("signal ", signal) : absl::StrCat("SIG", known);
}

}  // namespace rankle::import
