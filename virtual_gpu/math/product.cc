#include "virtual_gpu/math/product.h"

#include <cuda.h>
#include <driver_types.h>

#include <algorithm>
#include <cstring>

#include "virtual_gpu/engine/device_work.h"
#include "virtual_gpu/math/host_blas.h"
#include "virtual_gpu/math/launch.h"

namespace rankle::vgpu::math {
namespace {

bool IsOperation(int op) { return op == kNo || op == kYes || op == kConjugate; }

// Rows and columns as they lie in memory.
struct Shape {
  int64_t rows, columns;
};
Shape StoredShape(int op, int64_t rows, int64_t columns) {
  return op == kNo ? Shape{rows, columns} : Shape{columns, rows};
}

// Can the device reach the whole matrix, and all others of a strided batch?
bool IsReachable(const Operand& operand, Shape shape, int64_t batch) {
  if (shape.rows == 0 || shape.columns == 0) return true;
  const int64_t elements =
      (batch - 1) * std::max<int64_t>(operand.stride, 0) + (shape.columns - 1) * operand.leading + shape.rows;
  return rankleVgpuIsDeviceAccessible(operand.at,
                                      static_cast<size_t>(elements) * ElementSize(operand.type)) != 0;
}

bool IsReachable(const Product& p) {
  if (p.array) return rankleVgpuIsDeviceAccessible(p.c.at, static_cast<size_t>(p.batch) * sizeof(void*)) != 0;
  return IsReachable(p.a, StoredShape(p.a.op, p.m, p.k), p.batch) &&
         IsReachable(p.b, StoredShape(p.b.op, p.k, p.n), p.batch) && IsReachable(p.c, {p.m, p.n}, p.batch);
}

bool QueueIllegalAccess(void* stream, const char* name) {
  CUdevice device = 0;
  if (cuCtxGetDevice(&device) != CUDA_SUCCESS) return false;
  return Enqueue(stream, name, [device] { rankleVgpuSetStickyError(device, cudaErrorIllegalAddress); });
}

template <typename T>
const T* Matrix(const Operand& operand, bool array, int64_t index) {
  return array ? static_cast<const T* const*>(operand.at)[index]
               : static_cast<const T*>(operand.at) + index * operand.stride;
}

template <typename T>
void Compute(const char* function, const Product& p, T alpha, T beta) {
  using Gemm = void(const char*, const char*, const int*, const int*, const int*, const T*, const T*,
                    const int*, const T*, const int*, const T*, T*, const int*, size_t, size_t);
  auto* const gemm = reinterpret_cast<Gemm*>(HostBlasFunction(function));
  const char* const a_op = p.a.op == kNo ? "N" : "T";
  const char* const b_op = p.b.op == kNo ? "N" : "T";
  const auto m = static_cast<int>(p.m), n = static_cast<int>(p.n), k = static_cast<int>(p.k);
  const auto lda = static_cast<int>(p.a.leading), ldb = static_cast<int>(p.b.leading),
             ldc = static_cast<int>(p.c.leading);
  for (int64_t i = 0; i < p.batch; ++i) {
    gemm(a_op, b_op, &m, &n, &k, &alpha, Matrix<T>(p.a, p.array, i), &lda, Matrix<T>(p.b, p.array, i), &ldb,
         &beta, const_cast<T*>(Matrix<T>(p.c, p.array, i)), &ldc, 1, 1);
  }
}

template <typename T>
bool QueueComputation(void* stream, const char* name, const char* function, const Product& p) {
  if (p.scalars_on_device) {
    return Enqueue(stream, name, [function, p] {
      Compute(function, p, *static_cast<const T*>(p.alpha), *static_cast<const T*>(p.beta));
    });
  }
  const T alpha = *static_cast<const T*>(p.alpha), beta = *static_cast<const T*>(p.beta);
  return Enqueue(stream, name, [function, p, alpha, beta] { Compute(function, p, alpha, beta); });
}

bool AllAre(cudaDataType type, const Product& p) {
  return p.a.type == type && p.b.type == type && p.c.type == type;
}

}  // namespace

size_t ElementSize(cudaDataType type) {
  switch (type) {
    case CUDA_R_8I:
    case CUDA_R_8U:
    case CUDA_R_8F_E4M3:
    case CUDA_R_8F_E5M2:
      return 1;
    case CUDA_R_16F:
    case CUDA_R_16BF:
      return 2;
    case CUDA_R_32F:
    case CUDA_R_32I:
      return 4;
    case CUDA_R_64F:
    case CUDA_C_32F:
      return 8;
    case CUDA_C_64F:
      return 16;
    default:
      return 0;
  }
}

bool IsValid(const Product& p) {
  if (!IsOperation(p.a.op) || !IsOperation(p.b.op)) return false;
  if (p.m < 0 || p.n < 0 || p.k < 0 || p.batch < 0) return false;
  if (p.alpha == nullptr || p.beta == nullptr) return false;
  const auto fits = [](const Operand& operand, int64_t rows) {
    return operand.leading >= std::max<int64_t>(1, rows);
  };
  if (!fits(p.a, StoredShape(p.a.op, p.m, p.k).rows) || !fits(p.b, StoredShape(p.b.op, p.k, p.n).rows) ||
      !fits(p.c, p.m)) {
    return false;
  }
  if (p.m == 0 || p.n == 0 || p.batch == 0) return true;
  return p.c.at != nullptr && (p.k == 0 || (p.a.at != nullptr && p.b.at != nullptr));
}

bool Queue(void* stream, const char* name, const Product& p) {
  if (p.m == 0 || p.n == 0 || p.batch == 0) return true;
  if (!IsReachable(p)) return QueueIllegalAccess(stream, name);
  if (!Launch(stream, name)) return false;
  if (!ComputeIsWanted()) return true;
  if (AllAre(CUDA_R_32F, p)) return QueueComputation<float>(stream, name, "sgemm_", p);
  if (AllAre(CUDA_R_64F, p)) return QueueComputation<double>(stream, name, "dgemm_", p);
  return true;
}

}  // namespace rankle::vgpu::math
