// How far the streams of a process have come, as far as the program itself finds out: a query that says
// "done", a synchronisation that returned, an event that was recorded behind operations and has happened. So
// an operation that hangs is told from one that is over. When it was over is not told (the program asks
// late): it becomes kUntracked then, and the analyzer takes the moment when everybody had entered. What the
// program does not ask is not known: operations on a stream that it never asked about are kUntracked at once,
// and one that it asked about and then left alone is given up, so that old operations do not look like a
// hang. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "tracer/ebpf/communicators.h"

namespace rankle::ebpf {

class StreamProgress {
 public:
  // The state in which an operation that has come back stands.
  record::State StateOf(uint32_t stream) const;
  // An operation is on the stream from now on. It must be in the state that StateOf tells.
  void Add(uint32_t stream, const std::shared_ptr<Operation>& operation);
  // Everything that had come back by then is done.
  void Done(uint32_t stream, uint64_t since_ns);
  void AllDone(uint64_t since_ns);
  // `event` lies behind what is on the stream at that time.
  void Mark(uint64_t event, uint32_t stream, uint64_t now_ns);
  void EventDone(uint64_t event);

 private:
  struct Stream {
    bool asked = false;     // the program has asked about it before
    bool given_up = false;  // and then did not any more
    size_t longest = 0;     // most operations between two answers
    std::deque<std::shared_ptr<Operation>> open;
  };
  struct Event {
    uint32_t stream = 0;
    uint64_t marked_ns = 0;
  };
  void GiveUp(Stream& stream);

  std::map<uint32_t, Stream> streams_;
  std::map<uint64_t, Event> events_;
};

}  // namespace rankle::ebpf
