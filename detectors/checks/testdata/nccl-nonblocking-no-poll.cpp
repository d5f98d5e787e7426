#include <nccl.h>

#define CHECK(call) \
  if ((call) != 0) __builtin_trap()
#define BEGIN(call)                                            \
  do {                                                         \
    ncclResult_t r_ = (call);                                  \
    if (r_ != ncclSuccess && r_ != ncclInProgress) __builtin_trap(); \
  } while (0)

ncclConfig_t NonBlocking() {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  return config;
}

void UsedAtOnce(float* a, int n, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NonBlocking();
  BEGIN(ncclCommInitRankConfig(&comm, n, id, rank, &config));
  BEGIN(ncclBroadcast(a, a, 1, ncclFloat, 0, comm, stream));  // warns: nccl-nonblocking-no-poll
}

void OnceIsNotUntil(float* a, int n, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NonBlocking();
  BEGIN(ncclCommInitRankConfig(&comm, n, id, rank, &config));
  ncclResult_t state;
  CHECK(ncclCommGetAsyncError(comm, &state));
  BEGIN(ncclBroadcast(a, a, 1, ncclFloat, 0, comm, stream));  // warns: nccl-nonblocking-no-poll
}

void ProgressIsNoError(int n, int rank, ncclUniqueId id, ncclComm_t* comm) {
  ncclConfig_t config = NonBlocking();
  CHECK(ncclCommInitRankConfig(comm, n, id, rank, &config));  // warns: nccl-nonblocking-no-poll
}

bool Ready(ncclComm_t comm) {
  ncclResult_t state = ncclInProgress;
  do {
    CHECK(ncclCommGetAsyncError(comm, &state));
  } while (state == ncclInProgress);
  return state == ncclSuccess;
}
void Polled(float* a, int n, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NonBlocking();
  BEGIN(ncclCommInitRankConfig(&comm, n, id, rank, &config));
  if (!Ready(comm)) __builtin_trap();
  BEGIN(ncclBroadcast(a, a, 1, ncclFloat, 0, comm, stream));
}

void GaveUp(int n, int rank, ncclUniqueId id) {
  ncclComm_t comm;
  ncclConfig_t config = NonBlocking();
  BEGIN(ncclCommInitRankConfig(&comm, n, id, rank, &config));
  CHECK(ncclCommAbort(comm));
}

void Blocking(float* a, int n, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  ncclConfig_t config = NonBlocking();
  config.blocking = 1;
  CHECK(ncclCommInitRankConfig(&comm, n, id, rank, &config));
  CHECK(ncclBroadcast(a, a, 1, ncclFloat, 0, comm, stream));
}

bool Accepted(ncclResult_t result) { return result == ncclSuccess || result == ncclInProgress; }
void JudgedByAFunction(int n, int rank, ncclUniqueId id, ncclComm_t* comm) {
  ncclConfig_t config = NonBlocking();
  if (!Accepted(ncclCommInitRankConfig(comm, n, id, rank, &config))) __builtin_trap();
}
