// Destroys through two functions, or under a condition.
#include "check.h"

struct Job {
  ncclComm_t comm;
};

static void Destroy(ncclComm_t comm) {
  NCCL_CHECK(ncclCommDestroy(comm));
}
void Close(int code, ncclComm_t comm) {
  std::printf("%d\n", code);
  Destroy(comm);
}
void CloseIf(bool wanted, ncclComm_t comm) {
  if (wanted) Destroy(comm);
}
void CloseJob(Job& job) {
  Destroy(job.comm);
}
