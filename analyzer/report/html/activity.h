// What a rank did when, as stretches of time: waiting for others, transferring, stuck, gone. What lies
// between is its own work. Pure; reads a finished Store.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "analyzer/localize/progress.h"
#include "analyzer/store/store.h"

namespace rankle::html {

enum class Doing {
  kWait,      // inside a collective that somebody has not reached yet
  kTransfer,  // inside an operation that everybody reached; of sends and receives also the wait for the peer
  kStuck,     // inside an operation that never ended
  kGone,      // the process has ended
};

struct Stretch {
  Doing doing = Doing::kTransfer;
  int64_t begin = 0, end = 0;
  int64_t operation = -1;  // -1: none (kGone)
};

class Activity {
 public:
  explicit Activity(const store::Store& store) : store_(store), progress_(store) {}
  // Of one rank between two times, in order of entry; stretches that touch the window are cut to it.
  std::vector<Stretch> Of(int32_t rank, int64_t begin, int64_t end);

 private:
  int64_t Arrival(size_t operation) const;
  // When the last member reached the collective; INT64_MAX: somebody never did.
  int64_t LastArrival(size_t operation);
  size_t FirstInWindow(int32_t rank, int64_t begin) const;

  const store::Store& store_;
  localize::Progress progress_;  // what is finished although its end was not recorded
  absl::flat_hash_map<uint64_t, int64_t> last_arrivals_;  // by communicator and sequence number
};

}  // namespace rankle::html
