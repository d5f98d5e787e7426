// A small program for `rankle instrument`: one of everything that is rewritten.
#pragma once

#include <stdexcept>
#include <string>

namespace sample {

struct LinkLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

#define SAMPLE_CHECK(condition, text)                 \
  do {                                                \
    if (!(condition)) throw std::runtime_error(text); \
  } while (false)

class Link {
 public:
  explicit Link(const char* path);
  ~Link();
  bool Alive() const { return fd_ >= 0 && !failed_; }
  // Bytes read; 0 at the end.
  int Receive(char* to, int size);

 private:
  int fd_ = -1;
  bool failed_ = false;
};

template <typename T>
T Positive(T value) {
  if (value < T(0)) throw LinkLost("negative");
  return value;
}

constexpr int Twice(int value) {
  for (int i = 0; i < 1; ++i) value *= 2;
  return value > 0 ? value : 0;
}

}  // namespace sample
