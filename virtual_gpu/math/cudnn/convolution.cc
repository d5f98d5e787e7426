// The legacy convolutions' search for an algorithm: one is found, without workspace.
#include <cstddef>

#include "virtual_gpu/math/cudnn/descriptors.h"

using namespace rankle::vgpu::math;

namespace {

// cudnnConvolution{Fwd,BwdData,BwdFilter}AlgoPerf_t: the same layout.
struct Performance {
  int algorithm;
  int status;
  float milliseconds;
  size_t memory;
  int determinism;
  int math_type;
  int reserved[3];
};
static_assert(sizeof(Performance) == 48);

int FindOne(void* handle, int requested, int* returned, Performance* results) {
  if (Handles().Find(handle) == nullptr) return kCudnn.no_handle;
  if (requested < 1 || returned == nullptr || results == nullptr) return kCudnn.invalid_value;
  constexpr int kImplicitPrecomputedGemm = 1;  // algorithm 1 exists for all three directions
  constexpr int kDeterministic = 1;
  results[0] = Performance{kImplicitPrecomputedGemm, 0, 0, 0, kDeterministic, 0, {}};
  *returned = 1;
  return 0;
}

}  // namespace

#define RANKLE_FIND_ALGORITHM(direction)                                                              \
  extern "C" int cudnnGetConvolution##direction##Algorithm_v7(                                        \
      void* handle, void*, void*, void*, void*, int requested, int* returned, Performance* results) { \
    return FindOne(handle, requested, returned, results);                                             \
  }                                                                                                   \
  extern "C" int cudnnFindConvolution##direction##AlgorithmEx(                                        \
      void* handle, void*, const void*, void*, const void*, void*, void*, void*, int requested,       \
      int* returned, Performance* results, void*, size_t) {                                           \
    return FindOne(handle, requested, returned, results);                                             \
  }
RANKLE_FIND_ALGORITHM(Forward)
RANKLE_FIND_ALGORITHM(BackwardData)
RANKLE_FIND_ALGORITHM(BackwardFilter)
#undef RANKLE_FIND_ALGORITHM
