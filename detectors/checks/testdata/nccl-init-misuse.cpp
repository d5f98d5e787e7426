#include <nccl.h>

#define CHECK(call) \
  if ((call) != 0) __builtin_trap()

void Tell(const ncclUniqueId& id);

void UsedInItsOwnGroup(float* a, int n, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  CHECK(ncclGroupStart());
  CHECK(ncclCommInitRank(&comm, n, id, rank));
  CHECK(ncclBroadcast(a, a, 1, ncclFloat, 0, comm, stream));  // warns: nccl-init-misuse
  CHECK(ncclGroupEnd());
}

void ToldToNobody(int n, int rank, ncclComm_t* comm) {
  ncclUniqueId id;
  CHECK(ncclGetUniqueId(&id));  // warns: nccl-init-misuse
  CHECK(ncclCommInitRank(comm, n, id, rank));
}

struct Comms {
  ncclComm_t data, model;
};
void OneIdForTwo(Comms& comms, int n, int rank, ncclUniqueId id) {
  const ncclUniqueId same = id;
  CHECK(ncclCommInitRank(&comms.data, n, id, rank));
  CHECK(ncclCommInitRank(&comms.model, n, same, rank));  // warns: nccl-init-misuse
}

void Told(int n, int rank, ncclComm_t* comm) {
  ncclUniqueId id;
  CHECK(ncclGetUniqueId(&id));
  Tell(id);
  CHECK(ncclCommInitRank(comm, n, id, rank));
}

void AllDevicesOfOneProcess(int n, ncclComm_t* comms) {
  ncclUniqueId id;
  CHECK(ncclGetUniqueId(&id));
  CHECK(ncclGroupStart());
  for (int i = 0; i < n; ++i) {
    CHECK(cudaSetDevice(i));
    CHECK(ncclCommInitRank(&comms[i], n, id, i));
  }
  CHECK(ncclGroupEnd());
}

void AloneOrTriedAgain(int n, int rank, ncclUniqueId told, ncclComm_t* one, ncclComm_t* comm) {
  ncclUniqueId id;
  CHECK(ncclGetUniqueId(&id));
  CHECK(ncclCommInitRank(one, 1, id, 0));
  if (ncclCommInitRank(comm, n, told, rank) != ncclSuccess) CHECK(ncclCommInitRank(comm, n, told, rank));
}
