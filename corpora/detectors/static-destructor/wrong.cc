// Static objects that take a communicator with them.
#include <memory>
#include <optional>
#include <vector>

#include "check.h"

class Comm {
 public:
  Comm() = default;
  explicit Comm(ncclComm_t comm) : comm_(comm) {}
  Comm(Comm&& other) noexcept : comm_(other.comm_) { other.comm_ = nullptr; }
  Comm& operator=(Comm&& other) noexcept {
    std::swap(comm_, other.comm_);
    return *this;
  }
  ~Comm() {
    if (comm_ != nullptr) (void)ncclCommDestroy(comm_);
  }

 private:
  ncclComm_t comm_ = nullptr;
};

// case: static_in_a_function
Comm& WorldComm() {
  static Comm world;  // warns: nccl-static-destructor
  return world;
}

// case: static_vector
static std::vector<Comm> pool;  // warns: nccl-static-destructor

// case: static_optional
std::optional<Comm> maybe_comm;  // warns: nccl-static-destructor

// case: unique_pointer
std::unique_ptr<Comm> owned;  // warns: nccl-static-destructor

// case: custom_deleter
struct AbortComm {
  void operator()(ncclComm_t comm) const { (void)ncclCommAbort(comm); }
};
std::unique_ptr<ncclComm, AbortComm> aborted_at_exit;  // warns: nccl-static-destructor

// case: member_of_the_static_object
struct Trainer {
  int step = 0;
  Comm comm;
};
Trainer trainer;  // warns: nccl-static-destructor

// case: singleton
class Registry {
 public:
  static Registry& Get() {
    static Registry registry;  // warns: nccl-static-destructor
    return registry;
  }
  ~Registry() { Clear(); }

 private:
  void Clear() {
    for (ncclComm_t comm : comms_) (void)ncclCommDestroy(comm);
    comms_.clear();
  }
  std::vector<ncclComm_t> comms_;
};

// case: static_member
struct Globals {
  static inline Comm comm;  // warns: nccl-static-destructor
};

// case: derived_class
struct NamedComm : Comm {
  const char* name = "world";
};
NamedComm named;  // warns: nccl-static-destructor
