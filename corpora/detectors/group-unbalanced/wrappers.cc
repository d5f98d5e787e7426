// Functions of the program that open and close groups for others.
#include "check.h"

bool Stop();

void Begin() {
  NCCL_CHECK(ncclGroupStart());
}
void End() {
  NCCL_CHECK(ncclGroupEnd());
}

// case: balanced_through_wrappers
void ReducePair(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Begin();
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  End();
}

// case: early_return_between_wrappers
bool ReducePairOrStop(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Begin();  // warns: nccl-group-unbalanced
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  if (Stop()) return false;
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  End();
  return true;
}

// case: wrapper_opens_call_closes
void ReduceMixed(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Begin();
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: backend_with_two_methods
class Backend {
 public:
  void groupStart() { NCCL_CHECK(ncclGroupStart()); }
  void groupEnd() { NCCL_CHECK(ncclGroupEnd()); }
  bool Run(float** data, size_t n, int count, ncclComm_t comm, cudaStream_t stream) {
    groupStart();  // warns: nccl-group-unbalanced
    for (int i = 0; i < count; i++) {
      if (data[i] == nullptr) return false;
      NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
    }
    groupEnd();
    return true;
  }
};

#define GROUP_BEGIN NCCL_CHECK(ncclGroupStart())
#define GROUP_END NCCL_CHECK(ncclGroupEnd())

// case: macros_for_both_ends
bool ReduceWithMacros(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  GROUP_BEGIN;  // warns: nccl-group-unbalanced
  if (Stop()) return false;
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  GROUP_END;
  return true;
}

// case: guard_object_with_a_flag
class MaybeGroup {
 public:
  explicit MaybeGroup(bool on) : on_(on) {
    if (on_) NCCL_CHECK(ncclGroupStart());
  }
  ~MaybeGroup() {
    if (on_) NCCL_CHECK(ncclGroupEnd());
  }

 private:
  bool on_;
};
bool ReduceMaybeScoped(bool on, float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  MaybeGroup group(on);
  if (Stop()) return false;
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  return true;
}

// case: callback_in_a_group
template <class F>
void InGroup(F f) {
  NCCL_CHECK(ncclGroupStart());
  f();
  NCCL_CHECK(ncclGroupEnd());
}
void ReduceInCallback(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  InGroup([&] {
    if (n == 0) return;
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  });
}
