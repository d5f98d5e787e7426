// Structs of numbers.
#include <complex>
#include <cstdint>

#include "check.h"

struct Matrix {
  float value[3][3];
};
struct Moments {
  double sum[2];
  double count;
};
struct Mixed {
  float value;
  int32_t index;
};
struct Indices {
  int32_t from, to;
};

// case: struct_of_arrays
void Sum(Moments* moments, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(moments, moments, 3, ncclFloat, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: struct_of_arrays_as_it_is
void SumRight(Moments* moments, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(moments, moments, 3, ncclDouble, ncclSum, comm, stream));
}

// case: integers_as_floats
void SumIndices(Indices* indices, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(indices, indices, 2, ncclFloat, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: matrix_of_the_element
void SumMatrix(Matrix* matrix, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(matrix, matrix, 9, ncclFloat, ncclSum, comm, stream));
}

// case: complex_of_doubles_as_floats
void SumComplex(std::complex<double>* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, 2 * n, ncclFloat, ncclSum, comm, stream));  // warns: nccl-datatype-mismatch
}

// case: struct_as_bytes
void Share(Mixed* mixed, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(mixed, mixed, n * sizeof(Mixed), ncclUint8, 0, comm, stream));
}
