// How far the parsing of many units is, on stderr: a line that is rewritten on a terminal, a new line now and
// then elsewhere.
#pragma once

#include <chrono>
#include <cstddef>

namespace rankle::source {

class Progress {
 public:
  explicit Progress(size_t units);
  void Done(bool with_errors);
  void Finish();  // leaves the terminal's line empty

 private:
  std::chrono::steady_clock::time_point started_, shown_;
  size_t units_, done_ = 0, with_errors_ = 0;
  bool terminal_;
};

}  // namespace rankle::source
