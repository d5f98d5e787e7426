// JSON as the same tree of values as a pickle.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "analyzer/import/flight_recorder/tree.h"

namespace rankle::import {

// Nested deeper than this is refused: a dump has five levels.
inline constexpr size_t kMostJsonDepth = 64;

// Keeps the parser's memory from file to file. The texts of a tree live until the next Parse.
class JsonTreeParser {
 public:
  JsonTreeParser();
  ~JsonTreeParser();
  // Clears `tree` first. NaN and infinity, which Python writes and JSON does not know, are errors.
  absl::StatusOr<TreeValue> Parse(absl::string_view bytes, Tree& tree);

 private:
  struct Parser;  // keeps the library's header out of this one
  std::unique_ptr<Parser> parser_;
};

}  // namespace rankle::import
