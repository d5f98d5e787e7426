// An NCCL communicator that is polled for asynchronous errors while it lives, and aborted when the job fails.
//
// Contract: created and destroyed by the thread that issues the collectives. The list of live communicators
// is process-wide, so that any failure, from any thread, can abort all of them.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_COMMUNICATOR_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_COMMUNICATOR_H_

#include <nccl.h>

#include <string>
#include <vector>

namespace rankle::programs {

class Communicator {
 public:
  Communicator(std::string name, int ranks, const ncclUniqueId& id, int rank);
  // Members of `parent` with the same color form the communicator "<kind><color>", ordered by key.
  Communicator(const Communicator& parent, const std::string& kind, int color, int key);
  // Members of `parent` but those of these ranks, which do not take part in the call.
  Communicator(const Communicator& parent, std::vector<int> excluded, std::string name);
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  // Finalizes and destroys; both calls are checked.
  ~Communicator();

  ncclComm_t get() const { return handle_; }
  int rank() const { return rank_; }
  int size() const { return size_; }
  const std::string& name() const { return name_; }

 private:
  void Register();

  std::string name_;  // NCCL may keep the pointer that ncclConfig_t::commName had
  ncclComm_t handle_ = nullptr;
  int rank_ = 0;
  int size_ = 1;
};

// Fails the job when a live communicator has an asynchronous error.
void CheckAsyncErrors();
// ncclCommAbort on every live communicator.
void AbortCommunicators();

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_COMMUNICATOR_H_
