// NCCL's prototypes with plain types: the tests need nothing of NCCL.
#pragma once

#include <cstddef>
#include <cstdint>

struct UniqueId {
  char bytes[128];
};

extern "C" {
int ncclCommInitRank(void** comm, int nranks, UniqueId id, int rank);
int ncclAllReduce(const void* send, void* receive, size_t count, int type, int op, void* comm, void* stream);
int ncclCommDestroy(void* comm);
}
