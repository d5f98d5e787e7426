// Groups that are closed on every path, although it takes a second look.
#include <memory>
#include <stdexcept>

#include "check.h"

bool Stop();
void Log(const char* text);

// case: closed_before_the_early_return
bool ReduceOrStop(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  if (Stop()) {
    NCCL_CHECK(ncclGroupEnd());
    return false;
  }
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
  return true;
}

// case: nested
void ReduceLayers(float** data, size_t n, int layers, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  for (int layer = 0; layer < layers; layer++) {
    NCCL_CHECK(ncclGroupStart());
    NCCL_CHECK(ncclAllReduce(data[layer], data[layer], n, ncclFloat, ncclSum, comm, stream));
    NCCL_CHECK(ncclGroupEnd());
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: raii
class Group {
 public:
  Group() { NCCL_CHECK(ncclGroupStart()); }
  ~Group() { NCCL_CHECK(ncclGroupEnd()); }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
};
bool ReduceScoped(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Group group;
  if (Stop()) return false;
  if (n == 0) throw std::invalid_argument("nothing to reduce");
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  return true;
}

// case: scope_guard_with_a_lambda
template <class F>
class AtExit {
 public:
  explicit AtExit(F f) : f_(f) {}
  ~AtExit() { f_(); }

 private:
  F f_;
};
bool ReduceGuarded(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  AtExit end([] { NCCL_CHECK(ncclGroupEnd()); });
  if (Stop()) return false;
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  return true;
}

// case: closed_in_the_handler
bool ReduceOrUndo(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  try {
    if (n == 0) throw std::invalid_argument("nothing to reduce");
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  } catch (const std::exception&) {
    NCCL_CHECK(ncclGroupEnd());
    throw;
  }
  NCCL_CHECK(ncclGroupEnd());
  return true;
}

// case: goto_to_the_common_end
bool ReduceWithGoto(float* a, float* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  ncclResult_t result;
  NCCL_CHECK(ncclGroupStart());
  result = ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream);
  if (result != ncclSuccess) goto end;
  result = ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm, stream);
end:
  NCCL_CHECK(ncclGroupEnd());
  return result == ncclSuccess;
}

// case: process_ends
void ReduceOrExit(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  if (Stop()) std::exit(1);
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: start_failed_nothing_open
bool TryReduce(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if (ncclGroupStart() != ncclSuccess) return false;
  const bool issued = ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream) == ncclSuccess;
  const bool launched = ncclGroupEnd() == ncclSuccess;
  return issued && launched;
}

// case: flag_remembers
void ReduceMaybe(int buckets, float** data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  const bool grouped = buckets > 1;
  if (grouped) NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < buckets; i++) NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
  Log("issued");
  if (grouped) NCCL_CHECK(ncclGroupEnd());
}

// case: guard_by_a_member
class Reducer {
 public:
  void Reduce(float* a, float* b, size_t n) {
    if (group_) NCCL_CHECK(ncclGroupStart());
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm_, stream_));
    NCCL_CHECK(ncclAllReduce(b, b, n, ncclFloat, ncclSum, comm_, stream_));
    if (group_) NCCL_CHECK(ncclGroupEnd());
  }

 private:
  bool group_ = true;
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
};

// case: nested_guards
void ReduceTwoLevels(bool many, bool timed, float** data, size_t n, int count, ncclComm_t comm, cudaStream_t stream) {
  if (many) NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < count; i++) {
    if (timed) NCCL_CHECK(ncclGroupStart());
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
    if (timed) NCCL_CHECK(ncclGroupEnd());
  }
  if (many) NCCL_CHECK(ncclGroupEnd());
}

// case: early_return_under_the_other_guard
bool ReduceSingleFirst(int devices, float** data, size_t n, ncclComm_t* comms, cudaStream_t* streams) {
  if (devices > 1) NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < devices; i++) NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comms[i], streams[i]));
  if (devices <= 1) return true;
  NCCL_CHECK(ncclGroupEnd());
  return true;
}

// case: do_once
void ReduceDoOnce(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  do {
    if (Stop()) break;
    NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  } while (false);
  NCCL_CHECK(ncclGroupEnd());
}

// case: constant_condition
void ReduceAlways(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  constexpr bool kGrouped = true;
  NCCL_CHECK(ncclGroupStart());
  if (!kGrouped) return;
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclGroupEnd());
}

// case: if_constexpr_on_both_ends
template <bool kGrouped>
void ReduceStatic(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  if constexpr (kGrouped) NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  if constexpr (kGrouped) NCCL_CHECK(ncclGroupEnd());
}
template void ReduceStatic<true>(float*, size_t, ncclComm_t, cudaStream_t);
template void ReduceStatic<false>(float*, size_t, ncclComm_t, cudaStream_t);

// case: guard_by_a_field_behind_a_pointer
struct Arguments {
  int devices;
  ncclComm_t* comms;
  cudaStream_t* streams;
  ncclResult_t (*run)(Arguments* arguments, int device);
};
void Progress(Arguments* arguments);
void RunOnDevices(Arguments* arguments) {
  if (arguments->devices > 1) NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < arguments->devices; i++) {
    Progress(arguments);
    NCCL_CHECK(arguments->run(arguments, i));
  }
  if (arguments->devices > 1) NCCL_CHECK(ncclGroupEnd());
}

// case: guard_by_a_global
static int aggregated = 1;
bool Step(int i);
bool RunAggregated(float** data, size_t n, int count, ncclComm_t comm, cudaStream_t stream) {
  bool ok = true;
  if (aggregated > 1) NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < count; i++) {
    ok &= Step(i);
    NCCL_CHECK(ncclAllReduce(data[i], data[i], n, ncclFloat, ncclSum, comm, stream));
  }
  if (aggregated > 1) NCCL_CHECK(ncclGroupEnd());
  CUDA_CHECK(cudaStreamSynchronize(stream));
  return ok;
}
void SetAggregated(int count) {
  aggregated = count;
}
