// Aborts that wait for each other.
#include <algorithm>
#include <map>
#include <vector>

#include "check.h"

// case: range_for
void AbortRange(const std::vector<ncclComm_t>& comms) {
  for (ncclComm_t comm : comms) {
    NCCL_CHECK(ncclCommAbort(comm));  // warns: nccl-serial-multi-abort
  }
}

// case: map_of_devices
void AbortMap(std::map<int, ncclComm_t>& by_device) {
  for (auto& [device, comm] : by_device) {
    CUDA_CHECK(cudaSetDevice(device));
    NCCL_CHECK(ncclCommAbort(comm));  // warns: nccl-serial-multi-abort
  }
}

// case: two_of_one_clique
void AbortPair() {
  ncclComm_t comms[2];
  NCCL_CHECK(ncclCommInitAll(comms, 2, nullptr));
  NCCL_CHECK(ncclCommAbort(comms[0]));  // warns: nccl-serial-multi-abort
  NCCL_CHECK(ncclCommAbort(comms[1]));
}

// case: algorithm
void AbortEach(std::vector<ncclComm_t>& comms) {
  std::for_each(comms.begin(), comms.end(), [](ncclComm_t comm) { NCCL_CHECK(ncclCommAbort(comm)); });  // warns: nccl-serial-multi-abort
}

// case: group_for_each
void AbortInGroups(ncclComm_t* comms, int devices) {
  for (int i = 0; i < devices; i++) {
    NCCL_CHECK(ncclGroupStart());
    NCCL_CHECK(ncclCommAbort(comms[i]));  // warns: nccl-serial-multi-abort
    NCCL_CHECK(ncclGroupEnd());
  }
}

// case: member_container
class Pool {
 public:
  void Abort() {
    for (size_t i = 0; i < comms_.size(); i++) NCCL_CHECK(ncclCommAbort(comms_[i]));  // warns: nccl-serial-multi-abort
    comms_.clear();
  }

 private:
  std::vector<ncclComm_t> comms_;
};
