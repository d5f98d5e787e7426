// The workers' sessions at the leader of lease_loop: each is served by a thread, and all can be thrown away
// at once.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_LEASE_SESSIONS_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_LEASE_SESSIONS_H_

#include <functional>
#include <mutex>
#include <set>

#include "corpora/programs/cascades/runtime/socket.h"

namespace rankle::cascades {

// Safe from any thread.
class Sessions {
 public:
  // Acknowledges updates until the worker hangs up or StepDown comes; the worker's next call fails with
  // ECONNRESET.
  void Serve(Socket worker);
  // Returns before the sessions have ended: each one's thread ends it.
  void StepDown();
  bool Any();

 private:
  void Locked(const std::function<void()>& change);

  std::mutex mutex_;
  std::set<int> open_;  // descriptors, which the threads that serve them own
};

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_LEASE_SESSIONS_H_
