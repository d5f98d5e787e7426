// A suite file as values (docs/suites.md): cases, each a job with faults and what is expected of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::cli {

struct ExpectedVerdict {
  std::string anomaly;                        // class
  std::optional<std::vector<int32_t>> ranks;  // exact set, sorted
  std::optional<std::vector<std::pair<int32_t, int32_t>>> links;
};

struct Expectation {
  enum class Exit { kAny, kNonzero, kOneOf };
  Exit exit = Exit::kAny;
  std::vector<int> exit_codes;  // kOneOf
  std::optional<uint64_t> within_ns;
  std::optional<ExpectedVerdict> verdict;
  std::optional<std::vector<std::string>> chain;  // ids of the edges that link the causal chain, each once
  enum class Fired { kAll, kNone, kAny };
  Fired fired = Fired::kAll;  // which of the planned faults
  std::string log, not_log;   // regular expressions; empty = not checked
};

inline constexpr double kSuiteHangAfterS = 5;

struct SuiteCase {
  std::string name;
  std::string file;
  int line = 0;
  int ranks = 0;  // 0: the command starts its ranks itself
  int hosts = 0;  // as run --hosts
  int virtual_gpus = 0;
  uint64_t timeout_ns = 60'000'000'000;
  std::optional<uint64_t> hang_after_ns;  // absent: kSuiteHangAfterS
  std::string on_hang = "kill";
  std::vector<std::string> command;
  std::optional<uint64_t> seed;
  std::string faults_yaml;  // a fault plan; its line numbers are those of the suite file. Empty = no faults
  std::vector<std::string> faults_short;
  Expectation expect;
};

// Cases with the defaults filled in. Every error begins with "name:line: ".
absl::StatusOr<std::vector<SuiteCase>> ParseSuite(std::string_view text, std::string_view name);

}  // namespace rankle::cli
