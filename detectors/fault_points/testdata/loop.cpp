// Cases for the kind loop: what a comment says is found in its line, and nothing else. Not .cc: formatting moves comments.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

void Connect();
void Unknown(int);
struct Channel {
  virtual ~Channel() = default;
  virtual void Send(int) {}
};
struct SocketChannel : Channel {
  void Send(int fd) override { send(fd, "x", 1, 0); }
};

void Helper(int fd, char* to) { recv(fd, to, 1, 0); }
void HelperOfHelper(int fd, char* to) { Helper(fd, to); }

void Io(int fd, char* to) {
  for (int i = 0; i < fd; ++i) read(fd, to, 1);              // kept: loop for io=read
  while (fd > 0) HelperOfHelper(fd--, to);                   // kept: loop while io=recv
  for (int i = 0; i < 4; ++i) read(fd, to, 1);               // kept: loop for io=read
}

void ThroughVirtual(Channel& channel, int n) {
  for (int i = 0; i < n; ++i) channel.Send(i);               // kept: loop for io=send
}

int Pure(const std::vector<int>& values) {
  int sum = 0;
  for (const int value : values) sum += value;               // dropped: loop pure
  for (size_t i = 0; i < values.size(); ++i) sum += std::max(values[i], 3);  // dropped: loop pure
  std::for_each(values.begin(), values.end(), [&](int value) {
    while (value > 0) value /= 2;                            // dropped: loop pure
  });
  return sum;
}

void Constant(int* out) {
  for (int i = 0; i < 4; ++i) Unknown(i);                    // dropped: loop constant
  for (int i = 16; i > 0; i -= 4) Unknown(i);                // dropped: loop constant
  for (const int value : {1, 2, 3}) Unknown(value);          // dropped: loop constant
  for (const int value : std::array<int, 2>{1, 2}) Unknown(value);  // dropped: loop constant
  for (int i = 0; i < 1000; ++i) Unknown(i);                 // kept: loop for no-io
  for (int i = 0; i < out[0]; ++i) Unknown(i);               // kept: loop for no-io
}

void Retries(int fd, char* to) {
  while (true) {                                             // kept: loop while retry io=recv
    const ssize_t n = recv(fd, to, 1, 0);
    if (n < 0 && errno == EINTR) continue;
    break;
  }
  int n;
  do {                                                       // the head is at `while`
    n = static_cast<int>(read(fd, to, 1));
  } while (n < 0 && errno == EINTR);                         // kept: loop do retry io=read
  for (;;) {                                                 // kept: loop for retry
    try {
      Connect();
      break;
    } catch (const std::runtime_error&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  for (int attempt = 0; attempt < 3; ++attempt) Connect();   // kept: loop for retry
  for (;;) {                                                 // kept: loop for no-retry
    try {
      Connect();
    } catch (const std::runtime_error&) {
      return;
    }
  }
}

void Timers(std::atomic<bool>& stop, std::condition_variable& changed, std::mutex& mutex) {
  while (!stop) std::this_thread::sleep_for(std::chrono::seconds(1));  // kept: loop while timer
  std::unique_lock<std::mutex> lock(mutex);
  while (!stop) changed.wait_for(lock, std::chrono::seconds(1));       // kept: loop while timer
  while (!stop) {                                                      // kept: loop while no-timer
  }
}

void Goto(int fd, char* to) {
again:
  if (read(fd, to, 1) < 0) goto again;                       // kept: loop goto io=read not-instrumented
}

void ThroughPointer(const std::function<void()>& call, int n) {
  for (int i = 0; i < n; ++i) call();                        // kept: loop for no-io
}

void Throws(int n) {
  for (int i = 0; i < n; ++i) {                              // kept: loop for no-io
    if (i == 7) throw std::runtime_error("seven");
  }
}

#define ONCE(statement) \
  do {                  \
    statement;          \
  } while (0)
void Macros(int n) { ONCE(Unknown(n)); }

void Jumped(int n, int fd, char* to) {
  switch (n % 2) {
    case 0:
      do {
        read(fd, to, 1);
        case 1:
          read(fd, to, 1);
      } while (--n > 0);                                     // kept: loop do io=read not-instrumented
  }
}
