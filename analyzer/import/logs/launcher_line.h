// What launchers say of how processes ended: torchrun's report of failures and its agent's lines, srun,
// mpirun; and the error files of torchrun. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "analyzer/import/logs/log_text.h"

namespace rankle::import {

// How one process ended, or the whole job (a Speaker without rank and pid). Exactly one of exit_code and
// signal is not 0.
struct ProcessEnd {
  Speaker who;
  int32_t exit_code = 0, signal = 0;
  bool first = false;  // the launcher calls it the first failure that it saw
  bool asked = false;  // the launcher itself told the process to end: no failure
  std::string error;   // the last line of its traceback, where the launcher repeats it
  std::string reason;  // why it was asked, where somebody tells
  int64_t time = 0;    // as FindTime; 0 = not told
};

// Lines of one stream of output, in order: torchrun's report is a block of lines.
class LauncherReader {
 public:
  static bool MayBeLauncherLine(std::string_view text);
  bool inside() const { return block_.has_value(); }
  // What the line, or the block that it closes, tells.
  std::optional<ProcessEnd> Take(std::string_view text);
  // The block that the end of the file closes.
  std::optional<ProcessEnd> Finish();

 private:
  std::optional<ProcessEnd> TakeBlockLine(std::string_view text);
  std::optional<ProcessEnd> Close();
  std::optional<ProcessEnd> block_;
  bool next_is_first_ = false, in_traceback_ = false;
};

// An error file of torchrun: {"message": {"message": "...", "extraInfo": {"py_callstack": ..., "timestamp":
// ...}}} or {"message": "..."}.
bool LooksLikeErrorFile(std::string_view first_bytes);
struct ErrorFile {
  std::string error;
  std::string place;
  int64_t seconds = 0;  // since 1970; 0 = not told
};
std::optional<ErrorFile> ParseErrorFile(std::string_view bytes);

}  // namespace rankle::import
