// What the hooks remember of each thread: whether it is inside a hook now, and its open NCCL group.
//
// A thread costs one pointer-sized initial-exec TLS word plus a pointer; the state itself comes from a fixed
// pool when the thread makes its first call and goes back when it ends. Threads beyond the pool are passed
// through without being traced.
#pragma once

#include <cstddef>
#include <cstdint>

#include "injector/hooks/comms.h"
#include "injector/hooks/device_times.h"
#include "injector/hooks/samples.h"
#include "injector/plan/decide.h"
#include "tracer/record/format.h"

namespace rankle::hooks {

// An operation that waits for the end of its group to be enqueued.
struct GroupedOperation {
  record::Record* record = nullptr;  // not nullptr in use
  Comm* comm = nullptr;
  cudaStream_t stream = nullptr;
  SampledOperation sampled;  // seq 0 = not sampled
};

// A communicator whose creation was asked for inside a group.
struct GroupedCreation {
  ncclComm_t* handle = nullptr;
  Comm* comm = nullptr;
};

// A fault that acts on the result of an operation: done when the group has been enqueued.
struct GroupedAction {
  plan::Decision decision;
  void* buffer = nullptr;
  int64_t bytes = 0;
  int dtype = 0;
  cudaStream_t stream = nullptr;
};

struct ThreadState {
  static constexpr uint32_t kMaxOperations = 1024, kMaxCreations = 64, kMaxActions = 64;
  uint16_t number = 0;  // from 1
  uint16_t group = 0;   // number of the open group, 0 = none
  uint32_t group_depth = 0;
  const void* group_opened_by = nullptr;  // return address of the outermost ncclGroupStart
  uint32_t operations = 0, creations = 0, actions = 0;
  GroupedOperation operation[kMaxOperations] = {};
  GroupedCreation creation[kMaxCreations] = {};
  GroupedAction action[kMaxActions] = {};
};

// Address of the outermost hook's frame while the thread is inside one, else 0.
extern constinit thread_local uintptr_t t_inside __attribute__((tls_model("initial-exec")));
extern constinit thread_local ThreadState* t_state __attribute__((tls_model("initial-exec")));

// The state of this thread; nullptr when the pool is used up.
ThreadState* AcquireThreadState();
inline ThreadState* CurrentThread() { return t_state != nullptr ? t_state : AcquireThreadState(); }

// In a forked child: forgets the other threads and every open group.
void ResetThreadStates();

// While one lives, hooks on this thread pass straight through: for rankle's own use of CUDA and of libc.
class Quiet {
 public:
  Quiet() : before_(t_inside) {
    if (before_ == 0) t_inside = ~uintptr_t{0};
  }
  ~Quiet() { t_inside = before_; }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  uintptr_t before_;
};

}  // namespace rankle::hooks
