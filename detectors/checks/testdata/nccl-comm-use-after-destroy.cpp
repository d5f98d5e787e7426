#include <nccl.h>

#define CHECK(call) \
  if ((call) != 0) __builtin_trap()

#include <vector>

void UsedAndDestroyedAgain(float* a, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclCommDestroy(comm));
  CHECK(ncclBroadcast(a, a, 1, ncclFloat, 0, comm, stream));  // warns: nccl-comm-use-after-destroy
}

void OnOnePath(ncclComm_t comm, int state) {
  switch (state) {
    case 0:
      CHECK(ncclCommAbort(comm));
      break;
    default:
      break;
  }
  CHECK(ncclCommFinalize(comm));  // warns: nccl-comm-use-after-destroy
}

// The handle under another name, in a structure, through a function.
struct Session {
  ncclComm_t comm;
  bool broken = false;
};
void Close(Session& session) { CHECK(ncclCommDestroy(session.comm)); }
int CloseAndCount(Session& session) {
  int ranks = 0;
  ncclComm_t kept = session.comm;
  Close(session);
  CHECK(ncclCommCount(kept, &ranks));  // warns: nccl-comm-use-after-destroy
  return ranks;
}

void OtherCommunicators(Session& session, ncclComm_t* comms, int n, ncclUniqueId id) {
  for (int i = 0; i < n; ++i) CHECK(ncclCommDestroy(comms[i]));
  CHECK(ncclCommDestroy(session.comm));
  CHECK(ncclCommInitRank(&session.comm, n, id, 0));
  CHECK(ncclCommDestroy(session.comm));
}

void FlagOfItsOwn(Session& session) {
  bool gone = false;
  if (session.broken) {
    CHECK(ncclCommAbort(session.comm));
    gone = true;
  }
  if (!gone) CHECK(ncclCommDestroy(session.comm));
}

void TriedAgain(ncclComm_t comm) {
  if (ncclCommDestroy(comm) != ncclSuccess) CHECK(ncclCommAbort(comm));
}

// One method destroys and keeps the handle, the destructor destroys what it finds.
class Keeps {
 public:
  ~Keeps() {
    if (comm_) (void)ncclCommDestroy(comm_);  // warns: nccl-comm-use-after-destroy
  }
  void Stop() { CHECK(ncclCommAbort(comm_)); }

 private:
  ncclComm_t comm_ = nullptr;
};
class Clears {
 public:
  ~Clears() {
    if (comm_) (void)ncclCommDestroy(comm_);
    for (ncclComm_t part : parts_) (void)ncclCommDestroy(part);
  }
  void Stop() {
    CHECK(ncclCommAbort(comm_));
    comm_ = nullptr;
    for (ncclComm_t part : parts_) (void)ncclCommDestroy(part);
    parts_.clear();
  }

 private:
  ncclComm_t comm_ = nullptr;
  std::vector<ncclComm_t> parts_;
};
// Lists without a type, in a template: nothing is known of them.
template <class T>
void InATemplate(T a, ncclComm_t comm) {
  auto list = {a, a};
  T pair{a, {a, a}};
  CHECK(ncclCommDestroy(comm));
  CHECK(ncclCommDestroy(comm));  // warns: nccl-comm-use-after-destroy
}
