// Gloo writes to sockets without MSG_NOSIGNAL: a peer that died would kill this process by SIGPIPE. Within
// this scope the calling thread (and threads it starts) gets EPIPE instead, and the program's own signal
// set-up is untouched.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <ctime>

namespace rankle::virtual_nccl {

class SigpipeScope {
 public:
  SigpipeScope() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &previous_);
  }
  ~SigpipeScope() {
    // A signal that was raised by a write of ours must not be delivered now.
    const timespec at_once{};
    if (!was_pending_) {
      while (sigtimedwait(&sigpipe_, nullptr, &at_once) > 0) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
  }
  SigpipeScope(const SigpipeScope&) = delete;
  SigpipeScope& operator=(const SigpipeScope&) = delete;

 private:
  sigset_t sigpipe_;
  sigset_t previous_;
  bool was_pending_ = false;
};

}  // namespace rankle::virtual_nccl
