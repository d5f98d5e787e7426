#include <nccl.h>

#include <map>
#include <memory>
#include <string>

class Comm {
 public:
  ~Comm() { Close(); }
  void Close() {
    if (comm_ != nullptr) (void)ncclCommDestroy(comm_);
    comm_ = nullptr;
  }

 private:
  ncclComm_t comm_ = nullptr;
};
struct Abort {
  void operator()(ncclComm_t comm) const { (void)ncclCommAbort(comm); }
};

Comm world;                                                 // warns: nccl-static-destructor
static std::map<std::string, std::unique_ptr<Comm>> named;  // warns: nccl-static-destructor
std::unique_ptr<ncclComm, Abort> owned;                     // warns: nccl-static-destructor
std::shared_ptr<ncclComm> shared(nullptr, ncclCommDestroy);  // warns: nccl-static-destructor

struct Trainer {
  static Comm of_all;
  Comm own;
};
Comm Trainer::of_all;  // warns: nccl-static-destructor

Trainer& Get() {
  static Trainer trainer;  // warns: nccl-static-destructor
  return trainer;
}

Trainer& Leaked() {
  static Trainer& trainer = *new Trainer;
  static Trainer* other = new Trainer;
  return other ? trainer : *other;
}
std::map<std::string, Comm*> not_owned;
std::weak_ptr<Comm> watched;
ncclComm_t handle = nullptr;
void Local() {
  Comm comm;
  Trainer trainer;
}
