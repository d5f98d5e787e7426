// Lends the terminal to the job, as a shell does: while the job has it, Ctrl-C and Ctrl-Z reach the job alone
// and it may read. Does nothing when standard input is no terminal or rankle is not in its foreground.
#pragma once

#include <sys/types.h>

namespace rankle::cli {

class Terminal {
 public:
  // `own_group`: the process group that has the terminal now, if any of ours does.
  explicit Terminal(pid_t own_group);
  ~Terminal() { TakeBack(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool IsOurs() const { return ours_; }
  void Lend(pid_t job_group);
  void TakeBack();

 private:
  pid_t own_group_;
  bool ours_ = false;
  bool lent_ = false;
};

}  // namespace rankle::cli
