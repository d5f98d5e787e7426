// Aborts of one, at once, or as documented.
#include <thread>
#include <vector>

#include "check.h"

// case: one_communicator
void AbortOne(ncclComm_t comm) {
  NCCL_CHECK(ncclCommAbort(comm));
}

// case: parent_and_child
void AbortBoth(ncclComm_t parent, int color, int key) {
  ncclComm_t child = nullptr;
  NCCL_CHECK(ncclCommSplit(parent, color, key, &child, nullptr));
  NCCL_CHECK(ncclCommAbort(parent));
  if (child != nullptr) NCCL_CHECK(ncclCommAbort(child));
}

// case: a_thread_for_each
void AbortInThreads(const std::vector<ncclComm_t>& comms) {
  std::vector<std::thread> threads;
  for (ncclComm_t comm : comms) {
    threads.emplace_back([comm] { NCCL_CHECK(ncclCommAbort(comm)); });
  }
  for (std::thread& thread : threads) thread.join();
}

// case: destroy_loop
void DestroyAll(std::vector<ncclComm_t>& comms) {
  for (ncclComm_t comm : comms) NCCL_CHECK(ncclCommDestroy(comm));
}

// case: only_the_failed_one
void AbortFailed(const std::vector<ncclComm_t>& comms, size_t failed) {
  for (size_t i = 0; i < comms.size(); i++) {
    if (i != failed) continue;
    NCCL_CHECK(ncclCommAbort(comms[i]));
    break;
  }
}

// case: scoped_group
class Group {
 public:
  Group() { NCCL_CHECK(ncclGroupStart()); }
  ~Group() { NCCL_CHECK(ncclGroupEnd()); }
};
void AbortInScope(const std::vector<ncclComm_t>& comms) {
  Group group;
  for (ncclComm_t comm : comms) NCCL_CHECK(ncclCommAbort(comm));
}

// case: retries_of_one
void RestartUntilReady(int ranks, int rank, const ncclUniqueId* ids, int attempts) {
  for (int i = 0; i < attempts; i++) {
    ncclComm_t comm;
    if (ncclCommInitRank(&comm, ranks, ids[i], rank) == ncclSuccess) return;
    NCCL_CHECK(ncclCommAbort(comm));
  }
}
