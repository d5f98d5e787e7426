// Other names for the same numbers, and memory that is no number.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <complex>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "check.h"

// case: matching_types
void ReduceMany(float* f, double* d, int* i, int64_t* l, half* h, __nv_bfloat16* b, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(f, f, n, ncclFloat, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(d, d, n, ncclDouble, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(i, i, n, ncclInt, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(l, l, n, ncclInt64, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(h, h, n, ncclHalf, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(b, b, n, ncclBfloat16, ncclSum, comm, stream));
}

// case: sizes_and_longs
void ReduceSizes(size_t* sizes, long* longs, unsigned long long* counters, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(sizes, sizes, n, ncclUint64, ncclMax, comm, stream));
  NCCL_CHECK(ncclAllReduce(longs, longs, n, ncclInt64, ncclSum, comm, stream));
  NCCL_CHECK(ncclAllReduce(counters, counters, n, ncclUint64, ncclSum, comm, stream));
}

// case: raw_bytes_at_an_offset
void ReduceAtOffset(char* pool, size_t offset, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(pool + offset, pool + offset, n, ncclFloat, ncclSum, comm, stream));
}

// case: std_byte
void BroadcastRaw(std::byte* raw, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(raw, raw, n, ncclDouble, 0, comm, stream));
}

// case: storage_of_16_bit_floats
void ReduceStored(uint16_t* bits, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(bits, bits, n, ncclBfloat16, ncclSum, comm, stream));
}

// case: complex_numbers_as_pairs
void ReduceComplex(std::complex<float>* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, 2 * n, ncclFloat, ncclSum, comm, stream));
}

// case: vectors_of_the_element
void ReduceVectors(float4* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, 4 * n, ncclFloat, ncclSum, comm, stream));
}

// case: enum_of_ints
enum class State : int { kIdle, kBusy };
void BroadcastState(State* state, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclBroadcast(state, state, 1, ncclInt32, 0, comm, stream));
}

// case: type_trait
template <class T>
constexpr ncclDataType_t TypeOf() {
  if constexpr (std::is_same_v<T, float>) {
    return ncclFloat;
  } else if constexpr (std::is_same_v<T, double>) {
    return ncclDouble;
  } else {
    static_assert(std::is_same_v<T, int>);
    return ncclInt;
  }
}
template <class T>
void ReduceTyped(T* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, TypeOf<T>(), ncclSum, comm, stream));
}
template void ReduceTyped<float>(float*, size_t, ncclComm_t, cudaStream_t);
template void ReduceTyped<double>(double*, size_t, ncclComm_t, cudaStream_t);

// case: only_floats_come_here
template <class T>
void ReduceFloatLike(T* data, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, ncclFloat, ncclSum, comm, stream));
}
template void ReduceFloatLike<float>(float*, size_t, ncclComm_t, cudaStream_t);

// case: run_time_type
void ReduceDynamic(void* data, size_t n, ncclDataType_t type, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(data, data, n, type, ncclSum, comm, stream));
}

// case: masks_combined_as_bytes
void UniteMasks(uint8_t* mask, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(mask, mask, n, ncclUint8, ncclMax, comm, stream));
}

// case: bools_as_bytes
void UniteFlags(bool* flags, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllReduce(flags, flags, n, ncclUint8, ncclMax, comm, stream));
}

// case: gathered_as_bytes
void GatherAsBytes(const double* mine, double* all, size_t n, ncclComm_t comm, cudaStream_t stream) {
  NCCL_CHECK(ncclAllGather(mine, all, n * sizeof(double), ncclInt8, comm, stream));
}
