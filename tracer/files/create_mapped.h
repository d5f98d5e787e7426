// A record file of rankle inside the job: made at full size with its blocks reserved and mapped MAP_SHARED,
// so that what was stored before a SIGKILL is in the file, and a disk that fills up later cannot raise
// SIGBUS. A limit on file sizes (ulimit -f) is an error here, not a signal. Header only, C library only.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "tracer/record/file_size_signal.h"

namespace rankle::files {

// Returns 0 or an errno value; on error there is no file (an empty one would only confuse a reader) and
// `*mapping` is untouched. The mapping is the caller's (munmap). `room`: addresses to map where the file may
// grow later (GrowMapped); what lies behind its end must not be touched.
inline int CreateMapped(const char* path, uint64_t bytes, void** mapping, uint64_t room = 0) {
  const int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  const record::HeldFileSizeSignal held = record::HoldFileSizeSignal();
  int error = posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  record::ReleaseFileSizeSignal(held);
  void* map = MAP_FAILED;
  if (error == 0) {
    map = mmap(nullptr, room > bytes ? room : bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) error = errno;
  }
  close(fd);
  if (error != 0) {
    unlink(path);
    return error;
  }
  *mapping = map;
  return 0;
}

// Makes such a file `bytes` large, reserved like its beginning. Returns 0 or an errno value.
inline int GrowMapped(const char* path, uint64_t bytes) {
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return errno;
  const record::HeldFileSizeSignal held = record::HoldFileSizeSignal();
  const int error = posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  record::ReleaseFileSizeSignal(held);
  close(fd);
  return error;
}

}  // namespace rankle::files
