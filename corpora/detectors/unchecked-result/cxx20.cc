// Results in C++20 code.
// needs: c++20
#include <array>
#include <span>

#include "check.h"

// case: dropped_in_a_template_lambda
void DestroyEach(std::span<ncclComm_t> comms) {
  const auto destroy = []<class T>(T& comm) { ncclCommDestroy(comm); };  // warns: nccl-unchecked-result
  for (ncclComm_t& comm : comms) destroy(comm);
}

// case: kept_in_an_aggregate
struct Outcome {
  ncclResult_t result;
  int device;
};
Outcome Finalize(ncclComm_t comm, int device) {
  return {.result = ncclCommFinalize(comm), .device = device};
}

// case: structured_binding_that_is_read
bool FinalizeBoth(ncclComm_t a, ncclComm_t b) {
  const auto [first, second] = std::array{ncclCommFinalize(a), ncclCommFinalize(b)};
  return first == ncclSuccess && second == ncclSuccess;
}
