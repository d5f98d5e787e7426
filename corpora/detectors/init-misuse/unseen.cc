// Written after the check: other shapes of the same truth.
#include <mpi.h>

#include <cstring>
#include <map>
#include <string>

#include "check.h"

// case: id_copied_and_used_twice
void InitFromCopy(int ranks, int rank, ncclUniqueId id, ncclComm_t* a, ncclComm_t* b) {
  const ncclUniqueId same = id;
  NCCL_CHECK(ncclCommInitRank(a, ranks, id, rank));
  NCCL_CHECK(ncclCommInitRank(b, ranks, same, rank));  // warns: nccl-init-misuse
}

// case: send_in_the_group_of_a_config_init
void InitAndSend(const float* data, size_t n, int ranks, int rank, ncclUniqueId id, ncclConfig_t* config, ncclComm_t* comm, cudaStream_t stream) {
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclCommInitRankConfig(comm, ranks, id, rank, config));
  NCCL_CHECK(ncclSend(data, n, ncclFloat, 0, *comm, stream));  // warns: nccl-init-misuse
  NCCL_CHECK(ncclGroupEnd());
}

// case: id_kept_in_a_class_and_given_away
class Rendezvous {
 public:
  explicit Rendezvous(bool root) {
    if (root) NCCL_CHECK(ncclGetUniqueId(&id_));
  }
  const ncclUniqueId& id() const { return id_; }

 private:
  ncclUniqueId id_ = {};
};

// case: id_by_value_to_a_function_of_the_program
void Share(ncclUniqueId* id) {
  MPI_Bcast(id, sizeof(*id), MPI_BYTE, 0, MPI_COMM_WORLD);
}
void InitShared(int ranks, int rank, ncclComm_t* comm) {
  ncclUniqueId id;
  if (rank == 0) NCCL_CHECK(ncclGetUniqueId(&id));
  Share(&id);
  NCCL_CHECK(ncclCommInitRank(comm, ranks, id, rank));
}

// case: own_id_inside_a_helper
ncclUniqueId NewId() {
  ncclUniqueId id;
  NCCL_CHECK(ncclGetUniqueId(&id));
  return id;
}

// case: encoded_and_put_into_the_store
struct Store {
  std::map<std::string, std::string> values;
  void set(const std::string& key, const std::string& value) { values[key] = value; }
};
void InitThroughOwnStore(Store& store, int ranks, ncclComm_t* comm) {
  ncclUniqueId id;
  NCCL_CHECK(ncclGetUniqueId(&id));
  store.set("id", std::string(id.internal, sizeof(id.internal)));
  NCCL_CHECK(ncclCommInitRank(comm, ranks, id, 0));
}
