// The shared state of an interprocess event: one page of a memfd with a futex word. It ends with its last
// user, also when that one is killed.
#pragma once

#include <cstdint>
#include <memory>

namespace rankle::vgpu {

class IpcEventPage {
 public:
  // Null when the system refuses.
  static std::shared_ptr<IpcEventPage> Create();
  // Opens the page that another process holds as file descriptor `fd`.
  static std::shared_ptr<IpcEventPage> Open(int pid, int fd, uint64_t nonce);
  ~IpcEventPage();
  IpcEventPage(const IpcEventPage&) = delete;
  IpcEventPage& operator=(const IpcEventPage&) = delete;

  // A recording gets the next generation; it is reached when its stream gets there.
  uint32_t NextGeneration();
  void Reach(uint32_t generation);
  uint32_t recorded() const;
  bool Reached(uint32_t generation) const;
  // Blocks until the generation is reached; gives up (false) when `*cancelled` becomes true.
  bool Wait(uint32_t generation, bool (*cancelled)(void*), void* context) const;

  int fd() const { return fd_; }
  uint64_t nonce() const;

 private:
  struct Shared;
  IpcEventPage(int fd, Shared* shared) : fd_(fd), shared_(shared) {}
  static std::shared_ptr<IpcEventPage> Map(int fd);

  int fd_;
  Shared* shared_;
};

}  // namespace rankle::vgpu
