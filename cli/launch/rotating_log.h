// A log of bounded size: the beginning, where a job says how it starts, is kept, and so is the end, where it
// fails; what lies between is dropped. Every break is said in the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/launch/file_descriptor.h"

namespace rankle::cli {

// Of one part; a log has three at most. As much as the analyzer reads of an end (taxonomy/job_logs.cc),
// halved so that two of them may be there.
inline constexpr uint64_t kLogPartBytes = 8 << 20;

class RotatingLog {
 public:
  // NAME.log takes the beginning, NAME.end.log what follows; when that is full too it becomes
  // NAME.middle.log, in place of the one before. Existing files are continued.
  RotatingLog(std::string directory, std::string name, uint64_t part_bytes = kLogPartBytes);
  // A disk that is full ends the log, not the job.
  void Append(std::string_view text);

 private:
  std::string PathOf(std::string_view part) const;
  void Open(const std::string& path);
  void NextPart();
  void Write(std::string_view text);

  std::string directory_, name_;
  uint64_t part_bytes_;
  FileDescriptor file_;
  uint64_t written_ = 0;  // in the part that is open
  bool is_beginning_ = true, failed_ = false;
};

}  // namespace rankle::cli
