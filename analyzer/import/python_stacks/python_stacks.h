// The stacks of one Python process as faulthandler writes them (injector/python/python_stacks.py): a header
// line in JSON, then, each time they were asked for, all threads with their frames, the most recent call
// first. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::import {

struct PythonFrame {
  std::string file;
  int64_t line = 0;
  std::string function;
};

struct PythonStacks {
  int32_t pid = 0;
  std::vector<PythonFrame> main_thread;  // most recent call first, as last asked for; empty = never asked for
};

// Does a file begin like one of these?
bool LooksLikePythonStacks(std::string_view first_bytes);
// An error when the header cannot be read. What is cut off behind it is left out.
absl::StatusOr<PythonStacks> ParsePythonStacks(std::string_view text);

// 'train.py:120 in forward', the innermost line that is neither the framework's nor Python's own, and what it
// calls:
// ', inside all_reduce (distributed_c10d.py:3191)'. "" for an empty stack.
std::string PlaceOf(const std::vector<PythonFrame>& stack);

}  // namespace rankle::import
