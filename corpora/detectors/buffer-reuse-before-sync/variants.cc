// Owners that hand on what they own, and owners that do not.
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "check.h"

struct Freer {
  void operator()(float* data) const { (void)cudaFree(data); }
};
using Owner = std::unique_ptr<float, Freer>;
Owner Make(size_t n);
void Keep(Owner owner);

// case: moved_into_a_container
void ReduceAndKeep(std::vector<Owner>& kept, const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Owner out = Make(n);
  NCCL_CHECK(ncclAllReduce(in, out.get(), n, ncclFloat, ncclSum, comm, stream));
  kept.push_back(std::move(out));
}

// case: moved_to_a_function
void ReduceAndGive(const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Owner out = Make(n);
  NCCL_CHECK(ncclAllReduce(in, out.get(), n, ncclFloat, ncclSum, comm, stream));
  Keep(std::move(out));
}

// case: another_one_is_returned
Owner ReduceAndReturnOther(const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Owner out = Make(n);
  Owner scratch = Make(n);  // warns: nccl-buffer-reuse-before-sync
  NCCL_CHECK(ncclAllReduce(in, out.get(), n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(in, scratch.get(), n, ncclFloat, ncclSum, comm, stream));
  return out;
}

// case: returned_on_one_path_only
Owner ReduceMaybe(const float* in, size_t n, bool wanted, ncclComm_t comm, cudaStream_t stream) {
  Owner out = Make(n);  // warns: nccl-buffer-reuse-before-sync
  NCCL_CHECK(ncclAllReduce(in, out.get(), n, ncclFloat, ncclSum, comm, stream));
  if (!wanted) return nullptr;
  return out;
}

// case: moved_into_a_pair
std::pair<Owner, size_t> ReducePair(const float* in, size_t n, ncclComm_t comm, cudaStream_t stream) {
  Owner out = Make(n);
  NCCL_CHECK(ncclAllReduce(in, out.get(), n, ncclFloat, ncclSum, comm, stream));
  return {std::move(out), n};
}
