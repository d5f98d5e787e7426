// A stand-in for libnccl.so.2 in tests of the hooks: communicators are counters, operations do nothing but
// call CUDA (as the real library does, to show that such calls are not recorded), and every call is counted.
// FAKE_NCCL_THROW=1: ncclAllReduce throws. ncclCommShrink is missing on purpose, as in older libraries.
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <nccl.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

struct ncclComm {
  int rank;
  int size;
  ncclResult_t async = ncclSuccess;
};

namespace {

int g_operations = 0;

ncclResult_t Operation(cudaStream_t stream) {
  if (getenv("FAKE_NCCL_THROW") != nullptr) throw std::runtime_error("thrown inside NCCL");
  ++g_operations;
  return cudaStreamQuery(stream) == cudaSuccess ? ncclSuccess : ncclInternalError;
}

// Runs before librankle.so's constructors: a library is initialised before those that were loaded ahead of
// it.
[[gnu::constructor]] void CallEarly() {
  if (getenv("FAKE_NCCL_EARLY") == nullptr) return;
  void* memory = nullptr;
  cudaMalloc(&memory, 4321);
  std::printf("early %d\n", dlsym(RTLD_DEFAULT, "ncclAllReduce") != nullptr);
  std::fflush(stdout);
}

}  // namespace

#define BOTH(NAME, PARAMETERS, ...) \
  ncclResult_t p##NAME PARAMETERS{__VA_ARGS__} ncclResult_t NAME PARAMETERS { __VA_ARGS__ }

extern "C" {

int fake_nccl_operations() { return g_operations; }

BOTH(ncclGetVersion, (int* version), *version = 22809; return ncclSuccess;)
BOTH(ncclGetUniqueId, (ncclUniqueId * id), *id = ncclUniqueId{"fake unique id"}; return ncclSuccess;)
BOTH(ncclCommInitRank, (ncclComm_t * comm, int size, ncclUniqueId, int rank),
     *comm = new ncclComm{rank, size};
     return ncclSuccess;)
BOTH(ncclCommInitRankConfig, (ncclComm_t * comm, int size, ncclUniqueId, int rank, ncclConfig_t*),
     *comm = new ncclComm{rank, size};
     return ncclSuccess;)
BOTH(ncclCommSplit, (ncclComm_t comm, int color, int, ncclComm_t* fresh, ncclConfig_t*),
     *fresh = color == NCCL_SPLIT_NOCOLOR ? nullptr : new ncclComm{comm->rank, comm->size};
     return ncclSuccess;)
BOTH(ncclCommDestroy, (ncclComm_t comm), delete comm; return ncclSuccess;)
BOTH(ncclCommAbort, (ncclComm_t), return ncclSuccess;)
BOTH(ncclCommFinalize, (ncclComm_t), return ncclSuccess;)
BOTH(ncclCommGetAsyncError, (ncclComm_t comm, ncclResult_t* error), *error = comm->async; return ncclSuccess;)
BOTH(ncclCommCount, (const ncclComm_t comm, int* count), *count = comm->size; return ncclSuccess;)
BOTH(ncclCommUserRank, (const ncclComm_t comm, int* rank), *rank = comm->rank; return ncclSuccess;)
BOTH(ncclCommCuDevice, (const ncclComm_t, int* device), *device = 0; return ncclSuccess;)
BOTH(ncclGroupStart, (), return ncclSuccess;)
BOTH(ncclGroupEnd, (), return ncclSuccess;)
BOTH(ncclAllReduce,
     (const void*, void*, size_t count, ncclDataType_t, ncclRedOp_t, ncclComm_t, cudaStream_t stream),
     if (count == 666) return ncclInvalidArgument;
     return Operation(stream);)
BOTH(ncclSend, (const void*, size_t, ncclDataType_t, int, ncclComm_t, cudaStream_t stream),
     return Operation(stream);)
BOTH(ncclRecv, (void*, size_t, ncclDataType_t, int, ncclComm_t, cudaStream_t stream),
     return Operation(stream);)

const char* ncclGetErrorString(ncclResult_t) { return "fake"; }

}  // extern "C"
