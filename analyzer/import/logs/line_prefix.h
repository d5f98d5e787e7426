// What collectors of output put before every line of a process ("2026-03-14T14:43:46.5Z ", "[pod/w-0/x] ",
// "(Worker pid=7, ip=10.0.0.6) ", "worker-0  | "), so that the lines of one traceback are found again. Pure.
#pragma once

#include <string>
#include <string_view>

namespace rankle::import {

// Where a traceback or the message of an exception begins in a line, npos = it does not.
size_t FindTraceback(std::string_view line);

class LinePrefix {
 public:
  LinePrefix() = default;
  explicit LinePrefix(std::string_view text);
  // Does the line begin with it? In a prefix that holds a time, digits differ from line to line.
  bool Fits(std::string_view line) const;
  size_t size() const { return text_.size(); }

 private:
  std::string text_;
  bool has_time_ = false;
};

}  // namespace rankle::import
