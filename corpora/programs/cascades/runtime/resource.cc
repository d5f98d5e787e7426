#include "corpora/programs/cascades/runtime/resource.h"

#include <cstdlib>

#include "corpora/programs/cascades/runtime/job.h"

namespace rankle::cascades {
namespace {

int NamelessFile() {
  char name[] = "/tmp/cascade-XXXXXX";
  const int file = ::mkstemp(name);
  Require(file >= 0, "no file can be made in /tmp");
  ::unlink(name);
  const char block[512] = {};
  Require(::write(file, block, sizeof block) == static_cast<ssize_t>(sizeof block), "/tmp is full");
  return file;
}

}  // namespace

Resource::Resource() : file_(NamelessFile()) {}

void Resource::TakeTurn() {
  std::unique_lock<std::mutex> lock(mutex_);
  const uint64_t ticket = next_ticket_++;
  turn_changed_.wait(lock, [&] { return serving_ == ticket; });
}

void Resource::EndTurn() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++serving_;
  }
  turn_changed_.notify_all();
}

}  // namespace rankle::cascades
