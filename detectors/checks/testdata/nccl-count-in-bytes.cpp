#include <mpi.h>
#include <nccl.h>

#define CHECK(call) \
  if ((call) != ncclSuccess) __builtin_trap()

template <class T>
struct TypeOf;
template <>
struct TypeOf<double> {
  static constexpr ncclDataType_t value = ncclDouble;
};
inline size_t SizeOf(size_t n) { return n * sizeof(float); }
inline size_t ElementsIn(size_t bytes) { return bytes / sizeof(float); }

void Bytes(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllReduce(a, a, sizeof(float), ncclFloat, ncclSum, comm, stream));      // warns: nccl-count-in-bytes
  CHECK(ncclAllReduce(a, a, n * sizeof(float), ncclFloat, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
  CHECK(ncclAllReduce(a, a, 2 * (n * sizeof(float)), ncclHalf, ncclSum, comm, stream));  // warns: nccl-count-in-bytes, nccl-datatype-mismatch
  CHECK(ncclAllReduce(a, a, SizeOf(n), ncclFloat, ncclSum, comm, stream));          // warns: nccl-count-in-bytes
  const size_t bytes = n * sizeof(double);
  CHECK(ncclSend(a, bytes, TypeOf<double>::value, 0, comm, stream));  // warns: nccl-count-in-bytes, nccl-datatype-mismatch
  MPI_Bcast(a, n * sizeof(float), MPI_FLOAT, 0, MPI_COMM_WORLD);      // warns: nccl-count-in-bytes
}

template <class T>
void Generic(T* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclAllReduce(a, a, n * sizeof(T), TypeOf<T>::value, ncclSum, comm, stream));  // warns: nccl-count-in-bytes
}

void Elements(float* a, size_t n, size_t bytes, ncclDataType_t type, ncclComm_t comm, cudaStream_t stream) {
  CHECK(ncclBroadcast(a, a, n * sizeof(float), ncclChar, 0, comm, stream));
  CHECK(ncclAllReduce(a, a, bytes / sizeof(float), ncclFloat, ncclSum, comm, stream));
  CHECK(ncclAllReduce(a, a, n * sizeof(double) / sizeof(float), ncclFloat, ncclSum, comm, stream));
  CHECK(ncclAllReduce(a, a, n * sizeof(char), ncclFloat, ncclSum, comm, stream));
  CHECK(ncclAllReduce(a, a, n * sizeof(float), type, ncclSum, comm, stream));  // may be a byte's
  CHECK(ncclAllReduce(a, a, ElementsIn(bytes), ncclFloat, ncclSum, comm, stream));
  size_t later = n * sizeof(float);
  later = later / sizeof(float);
  CHECK(ncclAllReduce(a, a, later, ncclFloat, ncclSum, comm, stream));
  MPI_Bcast(a, n * sizeof(float), MPI_BYTE, 0, MPI_COMM_WORLD);
  CHECK(ncclAllReduce(a, a, sizeof(float), ncclFloat, ncclSum, comm, stream));  // NOLINT(rankle-count-in-bytes)
}
