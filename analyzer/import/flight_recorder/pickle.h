// Reads a pickle (protocols 0 to 5) as data, and never as a program: nothing is imported, built or called.
// Constructors are refused by name, except the few that stand for plain lists and dictionaries.
//
// Bounds: one value for each byte of input at most, kMostPickleValues altogether, kMostPickleDepth open
// marks. An error names the opcode and its byte offset.
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "analyzer/import/flight_recorder/tree.h"

namespace rankle::import {

// 16 bytes each on the stack or in the tree: a dump of 2,000 entries with Python stacks has about one
// million.
inline constexpr size_t kMostPickleValues = 16u << 20;
inline constexpr size_t kMostPickleDepth = 512;

// The object that the pickle holds; its texts point into `bytes`. Clears `tree` first.
absl::StatusOr<TreeValue> ParsePickle(absl::string_view bytes, Tree& tree);
// Could this be the beginning of a pickle that holds a dictionary?
bool LooksLikePickledDict(absl::string_view first_bytes);

}  // namespace rankle::import
