// Python tracebacks and C++ exceptions that ended a process, out of lines of possibly several processes.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rankle::import {

struct TracebackEnd {
  std::string error;  // "torch.OutOfMemoryError: CUDA out of memory. Tried ..."
  std::string place;  // 'train.py:120 in forward', the innermost frame
};

// One speaker's lines, in order.
class TracebackReader {
 public:
  static bool MayBegin(std::string_view text);
  bool inside() const { return state_ != State::kOutside; }
  // True: the traceback has ended with this line, which is told in `end`.
  bool Take(std::string_view text, TracebackEnd& end);

 private:
  enum class State : uint8_t { kOutside, kFrames, kTerminate };
  State state_ = State::kOutside;
  int lines_ = 0;
  std::string place_, type_;
};

}  // namespace rankle::import
