// Inits as documented, and as real programs hand the id about.
#include <mpi.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "check.h"

// case: one_process_many_devices
void InitDevices(int devices, ncclComm_t* comms) {
  ncclUniqueId id;
  NCCL_CHECK(ncclGetUniqueId(&id));
  NCCL_CHECK(ncclGroupStart());
  for (int i = 0; i < devices; i++) {
    CUDA_CHECK(cudaSetDevice(i));
    NCCL_CHECK(ncclCommInitRank(comms + i, devices, id, i));
  }
  NCCL_CHECK(ncclGroupEnd());
}

// case: single_rank
ncclComm_t InitSingle() {
  ncclUniqueId id;
  ncclComm_t comm;
  NCCL_CHECK(ncclGetUniqueId(&id));
  NCCL_CHECK(ncclCommInitRank(&comm, 1, id, 0));
  return comm;
}

// case: through_a_file
ncclComm_t InitThroughFile(const std::string& path, int ranks, int rank) {
  ncclUniqueId id;
  ncclComm_t comm;
  if (rank == 0) {
    NCCL_CHECK(ncclGetUniqueId(&id));
    std::ofstream(path, std::ios::binary).write(id.internal, sizeof(id.internal));
  } else {
    std::ifstream(path, std::ios::binary).read(id.internal, sizeof(id.internal));
  }
  NCCL_CHECK(ncclCommInitRank(&comm, ranks, id, rank));
  return comm;
}

// case: through_a_store
void Publish(const char* key, const ncclUniqueId& id);
void Lookup(const char* key, ncclUniqueId* id);
ncclComm_t InitThroughStore(int ranks, int rank) {
  ncclUniqueId id;
  ncclComm_t comm;
  if (rank == 0) {
    NCCL_CHECK(ncclGetUniqueId(&id));
    Publish("nccl", id);
  } else {
    Lookup("nccl", &id);
  }
  NCCL_CHECK(ncclCommInitRank(&comm, ranks, id, rank));
  return comm;
}

// case: to_threads
void InitInThreads(int devices, std::vector<ncclComm_t>& comms) {
  ncclUniqueId id;
  NCCL_CHECK(ncclGetUniqueId(&id));
  std::vector<std::thread> threads;
  for (int i = 0; i < devices; i++) {
    threads.emplace_back([&comms, id, devices, i] {
      CUDA_CHECK(cudaSetDevice(i));
      NCCL_CHECK(ncclCommInitRank(&comms[i], devices, id, i));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// case: new_id_for_the_second
void InitTwo(int ranks, int rank, ncclComm_t* data, ncclComm_t* model) {
  ncclUniqueId id;
  for (ncclComm_t* comm : {data, model}) {
    if (rank == 0) NCCL_CHECK(ncclGetUniqueId(&id));
    MPI_Bcast(&id, sizeof(id), MPI_BYTE, 0, MPI_COMM_WORLD);
    NCCL_CHECK(ncclCommInitRank(comm, ranks, id, rank));
  }
}

// case: init_then_communication_after_the_group
void InitThenReduce(float* data, size_t n, int ranks, int rank, ncclUniqueId id, cudaStream_t stream) {
  ncclComm_t comm;
  NCCL_CHECK(ncclGroupStart());
  NCCL_CHECK(ncclCommInitRank(&comm, ranks, id, rank));
  NCCL_CHECK(ncclGroupEnd());
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}

// case: id_returned_to_who_distributes_it
ncclUniqueId MakeId() {
  ncclUniqueId id;
  NCCL_CHECK(ncclGetUniqueId(&id));
  return id;
}

// case: split_instead_of_a_second_id
void InitAndSplit(int ranks, int rank, ncclUniqueId id, ncclComm_t* world, ncclComm_t* half) {
  NCCL_CHECK(ncclCommInitRank(world, ranks, id, rank));
  NCCL_CHECK(ncclCommSplit(*world, rank % 2, rank, half, nullptr));
}

// case: two_ids_in_an_array
void InitScalable(int ranks, int rank, ncclUniqueId* ids, ncclComm_t* a, ncclComm_t* b) {
  NCCL_CHECK(ncclCommInitRank(a, ranks, ids[0], rank));
  NCCL_CHECK(ncclCommInitRank(b, ranks, ids[1], rank));
}

// case: id_sent_to_each
ncclComm_t InitBySend(int ranks, int rank) {
  ncclUniqueId id;
  ncclComm_t comm;
  if (rank == 0) {
    NCCL_CHECK(ncclGetUniqueId(&id));
    for (int r = 1; r < ranks; r++) MPI_Send(&id, sizeof(id), MPI_BYTE, r, 0, MPI_COMM_WORLD);
  } else {
    MPI_Recv(&id, sizeof(id), MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  NCCL_CHECK(ncclCommInitRank(&comm, ranks, id, rank));
  return comm;
}
