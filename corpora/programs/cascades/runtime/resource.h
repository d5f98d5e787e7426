// Something slow that the clients of a server share: a disk, or a service that does one thing at a time. Work
// on it is made of slices; who asked first is first, so counts and times do not depend on the scheduler's
// mood.
//
// The file behind it is real and nameless (it is gone with the process). Resources are never destroyed, see
// server.h.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_RESOURCE_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_RESOURCE_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "corpora/programs/cascades/runtime/calls.h"
#include "corpora/programs/cascades/runtime/scale.h"

namespace rankle::cascades {

class Resource {
 public:
  Resource();

  // `slices` turns, others come in between: the bandwidth is shared fairly.
  template <typename Slice>
  void Share(int slices, Slice slice) {
    for (int done = 0; done < slices; ++done) Hold(1, slice);
  }

  // All slices in one turn: others wait.
  template <typename Slice>
  void Hold(int slices, Slice slice) {
    TakeTurn();
    for (int done = 0; done < slices; ++done) slice();
    EndTurn();
  }

  int file() const { return file_; }

 private:
  void TakeTurn();
  void EndTurn();

  int file_;  // holds one block
  std::mutex mutex_;
  std::condition_variable turn_changed_;
  uint64_t next_ticket_ = 0;
  uint64_t serving_ = 0;
};

// One slice: reads the block, and takes as long as the resource's speed says. From a CASCADE_SITE; only in
// turn.
CASCADE_CALL void ReadSlice(const Resource& resource, int milliseconds = kSliceMs,
                            const char* site = __builtin_FUNCTION()) {
  char block[512];
  const int64_t end = DeadlineIn(milliseconds);
  ::lseek(resource.file(), 0, SEEK_SET);
  CallRead(resource.file(), block, sizeof block, site);
  SleepUntil(end, site);
}

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_RESOURCE_H_
