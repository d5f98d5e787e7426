#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

namespace sample {

Link::Link(const char* path) {
  fd_ = open(path, O_RDONLY);
  if (fd_ < 0) throw LinkLost(std::string("open: ") + strerror(errno));
}

Link::~Link() {
  if (fd_ >= 0) close(fd_);
}

int Link::Receive(char* to, int size) {
  for (;;) {
    const ssize_t n = read(fd_, to, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      failed_ = true;
      throw LinkLost(std::string("read: ") + strerror(errno));
    }
    return Positive(static_cast<int>(n));
  }
}

}  // namespace sample
