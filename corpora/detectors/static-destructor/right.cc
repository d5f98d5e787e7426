// Static objects that leave communicators alone at exit, and owners that are not static.
#include <memory>
#include <string>
#include <vector>

#include "check.h"

class Comm {
 public:
  explicit Comm(ncclComm_t comm) : comm_(comm) {}
  ~Comm() {
    if (comm_ != nullptr) (void)ncclCommDestroy(comm_);
  }
  Comm(const Comm&) = delete;

 private:
  ncclComm_t comm_;
};

// case: plain_handle
ncclComm_t world_comm = nullptr;

// case: vector_of_handles
std::vector<ncclComm_t> handles;

// case: leaked_pointer
std::vector<Comm*>& Leaked() {
  static auto& pool = *new std::vector<Comm*>;
  return pool;
}

// case: raw_pointer
Comm* current_comm = nullptr;

// case: explicit_shutdown
class Runtime {
 public:
  void Shutdown() {
    for (ncclComm_t comm : comms_) NCCL_CHECK(ncclCommDestroy(comm));
    comms_.clear();
  }

 private:
  std::vector<ncclComm_t> comms_;
};
Runtime runtime;

// case: destructor_without_communicators
class Named {
 public:
  ~Named() { name_.clear(); }

 private:
  std::string name_;
};
Named named;

// case: in_main
int main() {
  ncclComm_t handle;
  NCCL_CHECK(ncclCommInitAll(&handle, 1, nullptr));
  Comm comm(handle);
  return 0;
}

// case: member_of_a_local_object
struct Session {
  std::unique_ptr<Comm> comm;
};
void RunSession(ncclComm_t handle) {
  Session session{std::make_unique<Comm>(handle)};
}

// case: deleter_that_does_nothing
struct KeepAlive {
  void operator()(ncclComm_t) const {}
};
std::unique_ptr<ncclComm, KeepAlive> kept;
