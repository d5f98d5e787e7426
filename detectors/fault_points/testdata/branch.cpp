// Cases for the kind branch: what a comment says is found in its line, and nothing else. Not .cc: formatting moves comments.
#include <unistd.h>

#include <optional>

#define CHECK(condition) \
  if (!(condition)) _exit(1)
#define TWICE(condition) \
  if (condition) {       \
    if (condition) _exit(2);  \
  }
#define ALWAYS_OPEN (last_fd > 0)

int last_fd = 0;
int Read(int fd, char* to) {
  const ssize_t n = read(fd, to, 1);
  return n < 0 ? -1 : 0;                                     // kept: branch conditional outcomes=2 instrumented
}

int Forms(int fd, char* to) {
  if (Read(fd, to) < 0) return 1;                            // kept: branch if outcomes=2 instrumented
  switch (fd) {                                              // kept: branch switch outcomes=3 instrumented
    case 1:
      return 1;
    case 2:
      return 2;
    default:
      break;
  }
  const bool both = fd > 3 && to != nullptr;                 // kept: branch and instrumented
  const bool either = fd > 3 || to != nullptr;               // kept: branch or instrumented
  if (const int n = Read(fd, to)) return n;                  // kept: branch if instrumented
  CHECK(fd != 7);                                            // kept: branch if macro=CHECK instrumented
  TWICE(fd == 8)                                             // kept: branch if macro=TWICE instrumented;branch if macro=TWICE not-instrumented
  if (ALWAYS_OPEN) return 4;                                 // kept: branch if instrumented
  return both + either;
}

int Constants(int fd, char* to) {
  if (sizeof(int) == 4) return Read(fd, to);
  if constexpr (sizeof(long) == 8) return 2;
  while (fd > 0) fd = Read(fd, to);
  static_assert(sizeof(char) == 1 && sizeof(short) == 2);
  return 0;
}

// Reaches nothing that can fail.
int Computes(int a) {
  if (a > 3) return 1;                                       // dropped: branch reaches
  return a > 1 ? 2 : 3;                                      // dropped: branch reaches
}

// Reaches Read.
int Calls(int fd, char* to) {
  if (fd == 0) return 0;                                     // kept: branch if
  return Forms(fd, to);
}

constexpr int InConstexpr(int a) {
  if (a > 3) return 1;                                       // dropped: branch reaches
  return 0;
}

template <typename T>
int InTemplate(T value, char* to) {
  if (value.fd > 3) return Read(1, to);                      // kept: branch if instrumented
  return 0;
}
