// Every way out of a function, with a group open.
#include <stdexcept>
#include <string>

#include "check.h"

bool Stop();
bool Ready(int bucket);
int NextSize();

#define THROW_IF_FAILED(call)                                                          \
  do {                                                                                 \
    ncclResult_t result_ = (call);                                                     \
    if (result_ != ncclSuccess) throw std::runtime_error(ncclGetErrorString(result_)); \
  } while (0)

// case: explicit_throw
void ReduceOrThrow(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  if (n == 0) throw std::invalid_argument("nothing to reduce");
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: throwing_macro
void ReduceThrowing(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  THROW_IF_FAILED(ncclGroupStart());  // warns: nccl-group-unbalanced
  THROW_IF_FAILED(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  THROW_IF_FAILED(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream));
  THROW_IF_FAILED(ncclGroupEnd());
}

// case: callee_throws
size_t CheckedSize(int size) {
  if (size < 0) throw std::length_error("negative size");
  return static_cast<size_t>(size);
}
void ReduceChecked(float* a, int size, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  NCCL_CHECK(ncclAllReduce(a, a, CheckedSize(size), ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: break_out_of_the_loop_that_ends_the_group
void ReduceUntilStop(float** data, size_t n, int buckets, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < buckets; i++) {
    NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
    if (Stop()) break;
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclGroupEnd());
  }
}

// case: continue_skips_the_end
void ReduceReadyOnes(float** data, size_t n, int buckets, ncclComm_t comm, cudaStream_t stream) {
  for (int i = 0; i < buckets; i++) {
    NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
    if (!Ready(i)) continue;
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclGroupEnd());
  }
}

// case: goto_past_the_end
bool ReduceOrGiveUp(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  bool ok = false;
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  if (Stop()) goto out;
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
  ok = true;
out:
  return ok;
}

// case: end_in_one_case_of_a_switch
void ReduceByMode(int mode, float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  switch (mode) {
    case 0:
      NCCL_CHECK(ncclGroupEnd());
      break;
    case 1:
      break;
  }
}

// case: end_only_on_success
bool ReduceIfOk(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  const bool ok = ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream) == ncclSuccess;
  if (ok) NCCL_CHECK(ncclGroupEnd());
  return ok;
}

// case: main_leaves_it_open
int main() {
  float* data = nullptr;
  ncclComm_t comm;
  cudaStream_t stream;
  NCCL_CHECK(ncclCommInitAll(&comm, 1, nullptr));
  CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  CUDA_CHECK(cudaMalloc(&data, 64 * sizeof(float)));
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  NCCL_CHECK(ncclAllReduce(data, data, 64, ncclFloat, ncclSum, comm, stream));
  return 0;
}

// case: start_in_the_loop_end_behind_it
void ReduceLoop(float** data, size_t n, int buckets, ncclComm_t comm, cudaStream_t stream) {
  int i = 0;
  do {
    NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
  } while (++i < buckets);
  NCCL_CHECK(ncclGroupEnd());
}

// case: guard_changed_between
void ReduceChangingGuard(int buckets, float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (buckets > 1) NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  buckets = NextSize();
  if (buckets > 1) NCCL_CHECK(ncclGroupEnd());  // warns: nccl-group-unbalanced
}

// case: different_guards
void ReduceTwoFlags(bool many, bool large, float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (many) NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  if (many && large) NCCL_CHECK(ncclGroupEnd());
}

// case: caught_and_left_open
bool ReduceCatching(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  try {
    NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
    THROW_IF_FAILED(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclGroupEnd());
  } catch (const std::runtime_error&) {
    return false;
  }
  return true;
}

// case: lambda_returns_early
void ReduceInLambda(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  auto reduce = [&](bool skip) {
    NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
    if (skip) return;
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclGroupEnd());
  };
  reduce(n == 0);
}

// case: outer_group_left_open
bool ReduceNested(float** data, size_t n, int layers, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  for (int layer = 0; layer < layers; layer++) {
    NCCL_CHECK(ncclGroupStart());
    NCCL_CHECK(ncclAllReduce(data[layer], data[layer], n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclGroupEnd());
    if (Stop()) return false;
  }
  NCCL_CHECK(ncclGroupEnd());
  return true;
}

// case: template_body
template <class Buckets>
bool ReduceAny(const Buckets& buckets, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());  // warns: nccl-group-unbalanced
  for (const auto& bucket : buckets) {
    if (bucket.n == 0) return false;
    NCCL_CHECK(ncclAllReduce(bucket.data, bucket.data, bucket.n, ncclFloat, ncclSum, comm, stream));
  }
  NCCL_CHECK(ncclGroupEnd());
  return true;
}
struct Bucket {
  float* data;
  size_t n;
};
struct TwoBuckets {
  Bucket buckets[2];
  const Bucket* begin() const { return buckets; }
  const Bucket* end() const { return buckets + 2; }
};
bool ReduceTwoBuckets(const TwoBuckets& buckets, ncclComm_t comm, cudaStream_t stream) {
  return ReduceAny(buckets, comm, stream);
}
