#include "cli/launch/tee.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string_view>

#include "cli/launch/rotating_log.h"

namespace rankle::cli {
namespace {

// As a pipe holds at most, so that nothing is split that a rank wrote at once, and no rank waits for long.
constexpr size_t kChunk = 64 << 10;

// Waits where the reader is slow, as the rank itself would have; false when there is none. What cannot be
// written for another reason (a full disk) is dropped: the rank would have got an error, not a signal.
bool PassOn(int destination, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(destination, text.data(), text.size());
    if (count > 0) text.remove_prefix(static_cast<size_t>(count));
    if (count >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN) return errno != EPIPE && errno != EIO;
    pollfd writable{.fd = destination, .events = POLLOUT, .revents = 0};
    poll(&writable, 1, -1);
  }
  return true;
}

// What ends a job is passed on to the job; its last words are still to be read.
void IgnoreRequests() {
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP, SIGTTOU, SIGUSR1, SIGUSR2}) {
    ::signal(signal, SIG_IGN);
  }
}

}  // namespace

int RunTee(std::span<const TeeStream> streams, const std::string& log_directory,
           const std::vector<std::string>& log_names) {
  IgnoreRequests();
  std::vector<RotatingLog> logs;
  logs.reserve(log_names.size());
  for (const std::string& name : log_names) logs.emplace_back(log_directory, name);
  std::vector<pollfd> sources;
  size_t open = 0;
  for (const TeeStream& stream : streams) {
    sources.push_back({.fd = stream.source, .events = POLLIN, .revents = 0});
    open += stream.source >= 0;
  }
  const auto buffer = std::make_unique<char[]>(kChunk);
  while (open > 0) {
    if (poll(sources.data(), sources.size(), -1) < 0) continue;
    for (size_t i = 0; i < sources.size(); ++i) {
      if (sources[i].fd < 0 || sources[i].revents == 0) continue;
      const ssize_t count = read(sources[i].fd, buffer.get(), kChunk);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count <= 0) {  // a pseudo-terminal that nobody writes to any more says EIO
        sources[i].fd = -1;
        --open;
        continue;
      }
      const std::string_view text(buffer.get(), static_cast<size_t>(count));
      logs[streams[i].log].Append(text);
      if (!PassOn(streams[i].destination, text))
        return streams[i].destination == STDOUT_FILENO ? kTeeLostStdout : kTeeLostStderr;
    }
  }
  return kTeeDone;
}

}  // namespace rankle::cli
