// Written after the check: other shapes of the same truth.
#include <array>
#include <map>
#include <memory>

#include "check.h"

struct Deleter {
  void operator()(ncclComm_t* comm) const {
    if (comm != nullptr && *comm != nullptr) (void)ncclCommDestroy(*comm);
    delete comm;
  }
};

class Group {
 public:
  ~Group() {
    for (auto& [key, comm] : comms_) (void)ncclCommAbort(comm);
  }

 private:
  std::map<int, ncclComm_t> comms_;
};

// case: map_of_owners
std::map<int, std::unique_ptr<ncclComm_t, Deleter>> by_key;  // warns: nccl-static-destructor

// case: array_of_objects
static Group groups[4];  // warns: nccl-static-destructor

// case: shared_pointer
static std::shared_ptr<Group> shared = std::make_shared<Group>();  // warns: nccl-static-destructor

// case: reference_to_a_leaked_one
Group& leaked = *new Group;

// case: pointer_in_a_function
Group* Current() {
  static Group* current = nullptr;
  if (current == nullptr) current = new Group;
  return current;
}

// case: trivially_destroyed
struct Handle {
  ncclComm_t comm = nullptr;
  void Close() {
    if (comm != nullptr) NCCL_CHECK(ncclCommDestroy(comm));
    comm = nullptr;
  }
};
std::array<Handle, 4> plain_handles;
