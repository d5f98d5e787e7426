#include <nccl.h>

#define CHECK(call) \
  if ((call) != 0) __builtin_trap()

#include <map>
#include <memory>
#include <vector>

void InALoop(std::map<int, ncclComm_t>& comms) {
  for (auto& [device, comm] : comms) CHECK(ncclCommAbort(comm));  // warns: nccl-serial-multi-abort
}

class Wrapped {
 public:
  void Abort() { CHECK(ncclCommAbort(comm_)); }

 private:
  ncclComm_t comm_ = nullptr;
};
void OfWrappers(std::vector<std::shared_ptr<Wrapped>>& all) {
  for (auto& one : all) one->Abort();  // warns: nccl-serial-multi-abort
}

void ByHand(ncclComm_t comms[2]) {
  CHECK(ncclCommAbort(comms[0]));  // warns: nccl-serial-multi-abort
  CHECK(ncclCommAbort(comms[1]));
}

void InOneGroup(std::map<int, ncclComm_t>& comms) {
  CHECK(ncclGroupStart());
  for (auto& [device, comm] : comms) CHECK(ncclCommAbort(comm));
  CHECK(ncclGroupEnd());
}

struct Family {
  ncclComm_t parent, child;
};
void ParentThenChild(Family& family) {
  CHECK(ncclCommAbort(family.parent));
  CHECK(ncclCommAbort(family.child));
}

void OfDimensions(std::map<int, ncclComm_t>& by_dimension) {
  for (auto& [dimension, comm] : by_dimension) CHECK(ncclCommAbort(comm));
}
