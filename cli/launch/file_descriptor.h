// Owns a file descriptor; closes it once.
#pragma once

#include <errno.h>
#include <unistd.h>

#include <utility>

namespace rankle::cli {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~FileDescriptor() { Close(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  // 0, or the errno of close: some file systems say only there that data written earlier were lost.
  int Close() {
    const int fd = std::exchange(fd_, -1);
    return fd >= 0 && close(fd) != 0 ? errno : 0;
  }

 private:
  int fd_ = -1;
};

}  // namespace rankle::cli
