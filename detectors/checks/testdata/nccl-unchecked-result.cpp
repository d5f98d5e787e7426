#include <nccl.h>

using Result = ncclResult_t;
Result Reduce(float* data);
void Log(ncclResult_t result);

void Dropped(ncclComm_t comm, cudaStream_t stream, float* data) {
  ncclCommDestroy(comm);          // warns: nccl-unchecked-result
  Reduce(data);                   // warns: nccl-unchecked-result
  cudaStreamSynchronize(stream);  // warns: nccl-unchecked-result
  auto reduce = [&] { return Reduce(data); };
  reduce();                            // warns: nccl-unchecked-result
  ncclResult_t kept = Reduce(data);    // warns: nccl-unchecked-result
  ncclResult_t twice = Reduce(data);   // warns: nccl-unchecked-result
  twice = Reduce(data);
  Log(twice);
}

template <class T>
void Generic(T** data, size_t n) {
  cudaMalloc(data, n * sizeof(T));  // warns: nccl-unchecked-result
}

ncclResult_t LookedAt(ncclComm_t comm, float* data, bool again, ncclResult_t* out) {
  (void)ncclCommDestroy(comm);
  cudaGetLastError();
  Log(Reduce(data));
  ncclResult_t result = Reduce(data);
  if (result == ncclSuccess && again) result = Reduce(data);
  *out = Reduce(data);
  [[maybe_unused]] ncclResult_t unused = Reduce(data);
  ncclResult_t loop = ncclSuccess;
  for (int i = 0; i < 4 && loop == ncclSuccess; ++i) loop = Reduce(data);
  return result;
}

struct Owner {
  ncclComm_t comm;
  ~Owner() { ncclCommDestroy(comm); }  // nobody could act on it
};
