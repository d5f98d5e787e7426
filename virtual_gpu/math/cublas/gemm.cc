// cuBLAS's matrix products. Every form becomes a Product.
#include "virtual_gpu/math/cublas/handle.h"
#include "virtual_gpu/math/product.h"

using namespace rankle::vgpu::math;

namespace {

// The sizes that all forms begin with, and what kind of batch it is.
struct Shape {
  int64_t m = 0, n = 0, k = 0;
  int64_t batch = 1;
  bool array = false;
};

int Gemm(void* handle, const char* name, const Shape& shape, const Operand& a, const Operand& b,
         const Operand& c, const void* alpha, const void* beta) {
  return WithCublasHandle(handle, [&](CublasHandle& found) {
    const Product product{.m = shape.m,
                          .n = shape.n,
                          .k = shape.k,
                          .batch = shape.batch,
                          .array = shape.array,
                          .a = a,
                          .b = b,
                          .c = c,
                          .alpha = alpha,
                          .beta = beta,
                          .scalars_on_device = found.pointer_mode == 1};
    if (!IsValid(product)) return kCublas.invalid_value;
    return CublasStatus(Queue(found.stream, name, product));
  });
}

}  // namespace

// The four forms of one element type: plain, strided batch, batch of pointers, and each with 64-bit sizes.
#define RANKLE_GEMM(letter, type, Int, suffix)                                                             \
  extern "C" int cublas##letter##gemm_v2##suffix(void* handle, int op_a, int op_b, Int m, Int n, Int k,    \
                                                 const void* alpha, const void* a, Int lda, const void* b, \
                                                 Int ldb, const void* beta, void* c, Int ldc) {            \
    return Gemm(handle, "cublas" #letter "gemm", {m, n, k}, {a, type, lda, 0, op_a},                       \
                {b, type, ldb, 0, op_b}, {c, type, ldc, 0}, alpha, beta);                                  \
  }                                                                                                        \
  extern "C" int cublas##letter##gemmStridedBatched##suffix(                                               \
      void* handle, int op_a, int op_b, Int m, Int n, Int k, const void* alpha, const void* a, Int lda,    \
      long long stride_a, const void* b, Int ldb, long long stride_b, const void* beta, void* c, Int ldc,  \
      long long stride_c, Int batch) {                                                                     \
    return Gemm(handle, "cublas" #letter "gemmStridedBatched", {m, n, k, batch},                           \
                {a, type, lda, stride_a, op_a}, {b, type, ldb, stride_b, op_b}, {c, type, ldc, stride_c},  \
                alpha, beta);                                                                              \
  }                                                                                                        \
  extern "C" int cublas##letter##gemmBatched##suffix(                                                      \
      void* handle, int op_a, int op_b, Int m, Int n, Int k, const void* alpha, const void* const* a,      \
      Int lda, const void* const* b, Int ldb, const void* beta, void* const* c, Int ldc, Int batch) {      \
    return Gemm(handle, "cublas" #letter "gemmBatched", {m, n, k, batch, true}, {a, type, lda, 0, op_a},   \
                {b, type, ldb, 0, op_b}, {c, type, ldc, 0}, alpha, beta);                                  \
  }

#define RANKLE_GEMM_OF_TYPES(Int, suffix) \
  RANKLE_GEMM(S, CUDA_R_32F, Int, suffix) \
  RANKLE_GEMM(D, CUDA_R_64F, Int, suffix) \
  RANKLE_GEMM(C, CUDA_C_32F, Int, suffix) \
  RANKLE_GEMM(Z, CUDA_C_64F, Int, suffix)
RANKLE_GEMM_OF_TYPES(int, )
RANKLE_GEMM_OF_TYPES(int64_t, _64)
#undef RANKLE_GEMM_OF_TYPES
#undef RANKLE_GEMM

// The forms with a type for each operand. The scalars have the computing type: float for float results,
// double for double ones.
#define RANKLE_GEMM_EX(Int, suffix)                                                                       \
  extern "C" int cublasGemmEx##suffix(void* handle, int op_a, int op_b, Int m, Int n, Int k,              \
                                      const void* alpha, const void* a, cudaDataType a_type, Int lda,     \
                                      const void* b, cudaDataType b_type, Int ldb, const void* beta,      \
                                      void* c, cudaDataType c_type, Int ldc, int, int) {                  \
    return Gemm(handle, "cublasGemmEx", {m, n, k}, {a, a_type, lda, 0, op_a}, {b, b_type, ldb, 0, op_b},  \
                {c, c_type, ldc, 0}, alpha, beta);                                                        \
  }                                                                                                       \
  extern "C" int cublasGemmStridedBatchedEx##suffix(                                                      \
      void* handle, int op_a, int op_b, Int m, Int n, Int k, const void* alpha, const void* a,            \
      cudaDataType a_type, Int lda, long long stride_a, const void* b, cudaDataType b_type, Int ldb,      \
      long long stride_b, const void* beta, void* c, cudaDataType c_type, Int ldc, long long stride_c,    \
      Int batch, int, int) {                                                                              \
    return Gemm(handle, "cublasGemmStridedBatchedEx", {m, n, k, batch}, {a, a_type, lda, stride_a, op_a}, \
                {b, b_type, ldb, stride_b, op_b}, {c, c_type, ldc, stride_c}, alpha, beta);               \
  }                                                                                                       \
  extern "C" int cublasGemmBatchedEx##suffix(                                                             \
      void* handle, int op_a, int op_b, Int m, Int n, Int k, const void* alpha, const void* const* a,     \
      cudaDataType a_type, Int lda, const void* const* b, cudaDataType b_type, Int ldb, const void* beta, \
      void* const* c, cudaDataType c_type, Int ldc, Int batch, int, int) {                                \
    return Gemm(handle, "cublasGemmBatchedEx", {m, n, k, batch, true}, {a, a_type, lda, 0, op_a},         \
                {b, b_type, ldb, 0, op_b}, {c, c_type, ldc, 0}, alpha, beta);                             \
  }                                                                                                       \
  extern "C" int cublasSgemmEx##suffix(void* handle, int op_a, int op_b, Int m, Int n, Int k,             \
                                       const float* alpha, const void* a, cudaDataType a_type, Int lda,   \
                                       const void* b, cudaDataType b_type, Int ldb, const float* beta,    \
                                       void* c, cudaDataType c_type, Int ldc) {                           \
    return Gemm(handle, "cublasSgemmEx", {m, n, k}, {a, a_type, lda, 0, op_a}, {b, b_type, ldb, 0, op_b}, \
                {c, c_type, ldc, 0}, alpha, beta);                                                        \
  }
RANKLE_GEMM_EX(int, )
RANKLE_GEMM_EX(int64_t, _64)
#undef RANKLE_GEMM_EX
