// Maps of communicators: of devices, and of what one device takes part in.
#include <map>
#include <string>
#include <unordered_map>

#include "check.h"

// case: map_of_dimensions
void AbortDimensions(std::map<std::string, ncclComm_t>& by_dimension) {
  for (auto& [name, comm] : by_dimension) NCCL_CHECK(ncclCommAbort(comm));
}

// case: iterator_over_dimensions
void AbortGroups(std::unordered_map<std::string, ncclComm_t>& groups) {
  for (auto it = groups.begin(); it != groups.end(); ++it) NCCL_CHECK(ncclCommAbort(it->second));
}

// case: iterator_over_devices
void AbortDevices(std::unordered_map<int, ncclComm_t>& device_comms) {
  for (auto it = device_comms.begin(); it != device_comms.end(); ++it) {
    NCCL_CHECK(ncclCommAbort(it->second));  // warns: nccl-serial-multi-abort
  }
}

// case: array_of_structs_taken_apart
struct Pair {
  ncclComm_t comm;
  cudaStream_t stream;
};
void AbortStructs(Pair* pairs, int count) {
  for (int i = 0; i < count; i++) {
    auto [comm, stream] = pairs[i];
    NCCL_CHECK(ncclCommAbort(comm));  // warns: nccl-serial-multi-abort
  }
}
