#include "cli/launch/rotating_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "cli/launch/text.h"

namespace rankle::cli {

RotatingLog::RotatingLog(std::string directory, std::string name, uint64_t part_bytes)
    : directory_(std::move(directory)), name_(std::move(name)), part_bytes_(part_bytes) {
  struct stat end;
  is_beginning_ = stat(PathOf(".end").c_str(), &end) != 0;
  Open(PathOf(is_beginning_ ? "" : ".end"));
}

std::string RotatingLog::PathOf(std::string_view part) const {
  return Cat(directory_, "/", name_, part, ".log");
}

void RotatingLog::Open(const std::string& path) {
  file_ = FileDescriptor(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  struct stat info;
  failed_ = !file_.is_open() || fstat(file_.get(), &info) != 0;
  written_ = failed_ ? 0 : static_cast<uint64_t>(info.st_size);
}

void RotatingLog::NextPart() {
  if (is_beginning_) {
    Write(Cat("\n[rankle: ", part_bytes_ >> 20, " MiB are kept of the beginning; the log goes on in ", name_,
              ".end.log]\n"));
  } else {
    rename(PathOf(".end").c_str(), PathOf(".middle").c_str());
  }
  Open(PathOf(".end"));
  if (!is_beginning_) {
    Write(Cat("[rankle: what lay before is in ", name_, ".middle.log; older output, back to the end of ",
              name_, ".log, was dropped to save disk space]\n"));
  }
  is_beginning_ = false;
}

void RotatingLog::Write(std::string_view text) {
  while (!text.empty() && !failed_) {
    const ssize_t count = write(file_.get(), text.data(), text.size());
    failed_ = count < 0 && errno != EINTR;
    if (count <= 0) continue;
    written_ += static_cast<uint64_t>(count);
    text.remove_prefix(static_cast<size_t>(count));
  }
}

void RotatingLog::Append(std::string_view text) {
  while (!text.empty() && !failed_) {
    if (written_ >= part_bytes_) NextPart();
    const size_t room = std::max<uint64_t>(part_bytes_, written_ + 1) - written_;
    const std::string_view piece = text.substr(0, room);
    Write(piece);
    text.remove_prefix(piece.size());
  }
}

}  // namespace rankle::cli
