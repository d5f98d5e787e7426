#include <nccl.h>

#define CHECK(call) \
  if ((call) != 0) __builtin_trap()

void Same(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  float* all = a;
  CHECK(ncclAllGather(a, all, n, ncclFloat, comm, stream));      // warns: nccl-inplace-overlap
  CHECK(ncclAlltoAll(a, a + 0 * n, n, ncclFloat, comm, stream));  // warns: nccl-inplace-overlap
}

void AtTheWrongPlace(float* a, char* bytes, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclReduceScatter(a, a + rank, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-inplace-overlap
  CHECK(ncclAllGather(bytes + rank * n, bytes, n, ncclInt64, comm, stream));   // warns: nccl-inplace-overlap
  CHECK(ncclAllReduce(a, a + 1, n, ncclFloat, ncclSum, comm, stream));         // warns: nccl-inplace-overlap
}

void InPlace(float* a, char* bytes, size_t n, int rank, ncclComm_t comm, cudaStream_t stream) {
  const size_t offset = n * rank;
  float* mine = a + offset;
  CHECK(ncclAllReduce(a, a, n, ncclFloat, ncclSum, comm, stream));
  CHECK(ncclAllGather(mine, a, n, ncclFloat, comm, stream));
  CHECK(ncclReduceScatter(a, &a[rank * n], n, ncclFloat, ncclSum, comm, stream));
  CHECK(ncclAllGather(bytes + sizeof(float) * n * rank, bytes, n, ncclFloat, comm, stream));
}

// Halves of one block, offsets that cannot be told, the turn of a loop in which the counter is 0.
void Apart(float* a, size_t n, const size_t* at, int devices, ncclComm_t* comms, cudaStream_t* streams) {
  CHECK(ncclAllReduce(a, a + n, n, ncclFloat, ncclSum, comms[0], streams[0]));
  CHECK(ncclAllGather(a + at[0], a, n, ncclFloat, comms[0], streams[0]));
  CHECK(ncclGroupStart());
  for (int i = 0; i < devices; ++i) CHECK(ncclAllGather(a + i * n, a, n, ncclFloat, comms[i], streams[i]));
  CHECK(ncclGroupEnd());
}

void AtAnotherRank(float* all, int rank, size_t n, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclReduceScatter(all, all + (rank + 1) * n, n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-inplace-overlap
}
