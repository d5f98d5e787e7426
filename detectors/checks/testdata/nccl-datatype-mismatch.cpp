#include <nccl.h>

#include <complex>
#include <cstdint>

#define CHECK(call) \
  if ((call) != ncclSuccess) __builtin_trap()

enum class State : int { kIdle };
struct __half {
  uint16_t bits;
};
struct __nv_bfloat16 {
  uint16_t bits;
};

void Wrong(double* d, float* f, int64_t* l, __nv_bfloat16* b, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllReduce(d, d, 1, ncclFloat, ncclSum, comm, stream));                   // warns: nccl-datatype-mismatch
  CHECK(ncclAllReduce(f, f, sizeof(float), ncclChar, ncclSum, comm, stream));        // warns: nccl-datatype-mismatch
  CHECK(ncclAllGather(f, d, 1, ncclFloat, comm, stream));                            // warns: nccl-datatype-mismatch
  CHECK(ncclSend(l, 1, ncclInt32, 0, comm, stream));                                 // warns: nccl-datatype-mismatch
  CHECK(ncclBroadcast(l, l, 1, ncclFloat64, 0, comm, stream));                       // warns: nccl-datatype-mismatch
  CHECK(ncclAllReduce(b, b, 1, ncclHalf, ncclSum, comm, stream));                    // warns: nccl-datatype-mismatch
}
template <class T>
void Generic(T* data, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllReduce(data, data, 1, ncclFloat, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}
template void Generic<float>(float*, ncclComm_t, cudaStream_t);
template void Generic<double>(double*, ncclComm_t, cudaStream_t);

void Right(void* raw, char* bytes, float* f, size_t* n, uint16_t* bits, State* state, std::complex<float>* z, __half* h,
           ncclDataType_t type, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllReduce(raw, raw, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(ncclAllReduce(bytes, bytes, 1, ncclFloat, ncclSum, comm, stream));
  CHECK(ncclBroadcast(f, f, sizeof(float), ncclChar, 0, comm, stream));
  CHECK(ncclAllReduce(n, n, 1, ncclUint64, ncclMax, comm, stream));
  CHECK(ncclAllReduce(bits, bits, 1, ncclBfloat16, ncclSum, comm, stream));
  CHECK(ncclBroadcast(state, state, 1, ncclInt32, 0, comm, stream));
  CHECK(ncclAllReduce(z, z, 2, ncclFloat, ncclSum, comm, stream));
  CHECK(ncclAllReduce(h, h, 1, ncclHalf, ncclSum, comm, stream));
  CHECK(ncclAllReduce(f, f, 1, type, ncclSum, comm, stream));
  CHECK(ncclAllReduce(reinterpret_cast<double*>(f), f, 1, type, ncclSum, comm, stream));
}

struct Moments {
  double sum, count;
};
void OfOneKind(Moments* a, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllReduce(a, a, 2, ncclFloat, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
  CHECK(ncclAllReduce(a, a, 2, ncclDouble, ncclSum, comm, stream));
}
