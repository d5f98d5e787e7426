// What rankle-source is asked to do. `rankle points`, `instrument` and `lint` have the flags for people and
// their help; this program takes them in one form only: --name=value.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::source {

struct Options {
  std::string task;      // points, instrument, lint
  std::string database;  // compile database: folder or file; empty: looked for
  std::string root;      // empty: the folder that all units lie in
  std::vector<std::string> only, skip;
  int jobs = 1;
  int unit_limit_s = 300;
  std::string format = "text";  // text, json; lint: also sarif
  std::string output;           // empty: standard output
  std::string sqlite;           // empty: none
  bool list = false;            // text: every point, not only the summary; lint: the checks, nothing else
  bool dropped = false;         // dropped ones as well
  std::string overlay;          // instrument: where to
  // lint
  std::string checks;          // globs
  std::string baseline;        // findings that are accepted; empty: none
  std::string write_baseline;  // where to write all of them; empty: nowhere
  std::string summaries;       // SQLite file of what functions do; empty: none is kept between runs
  std::string cache;           // folder; empty: the user's own
  bool no_cache = false;
  bool timings = false;
  bool fix = false;
  std::vector<std::string> files;
  bool has_flags = false;          // "--" was given
  std::vector<std::string> flags;  // what followed it
};

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);

}  // namespace rankle::source
