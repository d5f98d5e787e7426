// cuBLAS's functions of vectors, and of a matrix and a vector, of float and double: they compute when that is
// wanted.
#include <cstdint>

#include "virtual_gpu/math/cublas/handle.h"
#include "virtual_gpu/math/cublas/result.h"
#include "virtual_gpu/math/host_blas.h"
#include "virtual_gpu/math/launch.h"

using namespace rankle::vgpu::math;

namespace {

template <typename Function>
auto Host(const char* name) {
  return reinterpret_cast<Function*>(HostBlasFunction(name));
}

// Launches the kernel and, when that is wanted, queues `compute`.
template <typename Compute>
int Run(CublasHandle& handle, const char* name, Compute compute) {
  if (!Launch(handle.stream, name)) return kCublas.failed;
  return CublasStatus(!ComputeIsWanted() || Enqueue(handle.stream, name, compute));
}

// A scalar as it is when the call is made, or, from device memory, when the work runs.
template <typename T>
class Scalar {
 public:
  Scalar(const CublasHandle& handle, const void* at)
      : at_(static_cast<const T*>(at)),
        on_device_(handle.pointer_mode == 1),
        value_(on_device_ ? T() : *at_) {}
  T Get() const { return on_device_ ? *at_ : value_; }

 private:
  const T* at_;
  bool on_device_;
  T value_;
};

template <typename T>
struct Vector {
  T* at;
  int64_t step;
};

template <typename T>
int Axpy(void* handle, const char* name, const char* host, int64_t n, const void* alpha, Vector<const T> x,
         Vector<T> y) {
  return WithCublasHandle(handle, [&](CublasHandle& found) {
    if (alpha == nullptr || !IsVector(n, x.at, x.step) || !IsVector(n, y.at, y.step))
      return kCublas.invalid_value;
    if (n <= 0) return 0;
    return Run(found, name, [=, factor = Scalar<T>(found, alpha)] {
      const T value = factor.Get();
      const auto count = static_cast<int>(n), x_step = static_cast<int>(x.step),
                 y_step = static_cast<int>(y.step);
      Host<void(const int*, const T*, const T*, const int*, T*, const int*)>(host)(&count, &value, x.at,
                                                                                   &x_step, y.at, &y_step);
    });
  });
}

template <typename T>
int Scale(void* handle, const char* name, const char* host, int64_t n, const void* alpha, Vector<T> x) {
  return WithCublasHandle(handle, [&](CublasHandle& found) {
    if (alpha == nullptr || !IsVector(n, x.at, x.step)) return kCublas.invalid_value;
    if (n <= 0) return 0;
    return Run(found, name, [=, factor = Scalar<T>(found, alpha)] {
      const T value = factor.Get();
      const auto count = static_cast<int>(n), step = static_cast<int>(x.step);
      Host<void(const int*, const T*, T*, const int*)>(host)(&count, &value, x.at, &step);
    });
  });
}

template <typename T>
int CopyVector(void* handle, const char* name, const char* host, int64_t n, Vector<const T> x, Vector<T> y) {
  return WithCublasHandle(handle, [&](CublasHandle& found) {
    if (!IsVector(n, x.at, x.step) || !IsVector(n, y.at, y.step)) return kCublas.invalid_value;
    if (n <= 0) return 0;
    return Run(found, name, [=] {
      const auto count = static_cast<int>(n), x_step = static_cast<int>(x.step),
                 y_step = static_cast<int>(y.step);
      Host<void(const int*, const T*, const int*, T*, const int*)>(host)(&count, x.at, &x_step, y.at,
                                                                         &y_step);
    });
  });
}

template <typename T>
struct MatrixVector {
  int op;
  int64_t m, n;
  const T* a;
  int64_t leading;
};

template <typename T>
int Gemv(void* handle, const char* name, const char* host, MatrixVector<T> a, const void* alpha,
         Vector<const T> x, const void* beta, Vector<T> y) {
  return WithCublasHandle(handle, [&](CublasHandle& found) {
    if (a.op < 0 || a.op > 2 || a.m < 0 || a.n < 0 || a.leading < (a.m > 1 ? a.m : 1) || x.step == 0 ||
        y.step == 0 || alpha == nullptr || beta == nullptr) {
      return kCublas.invalid_value;
    }
    if (a.m == 0 || a.n == 0) return 0;
    if (a.a == nullptr || x.at == nullptr || y.at == nullptr) return kCublas.invalid_value;
    return Run(found, name, [=, alpha = Scalar<T>(found, alpha), beta = Scalar<T>(found, beta)] {
      const T alpha_value = alpha.Get(), beta_value = beta.Get();
      const auto m = static_cast<int>(a.m), n = static_cast<int>(a.n), lda = static_cast<int>(a.leading);
      const auto x_step = static_cast<int>(x.step), y_step = static_cast<int>(y.step);
      using Function = void(const char*, const int*, const int*, const T*, const T*, const int*, const T*,
                            const int*, const T*, T*, const int*, size_t);
      Host<Function>(host)(a.op == 0 ? "N" : "T", &m, &n, &alpha_value, a.a, &lda, x.at, &x_step, &beta_value,
                           y.at, &y_step, 1);
    });
  });
}

template <typename T>
int Dot(void* handle, const char* name, const char* host, int64_t n, Vector<const T> x, Vector<const T> y,
        void* result) {
  return Result<T>(handle, name, n, IsVector(n, x.at, x.step) && IsVector(n, y.at, y.step), result, T(), [=] {
    const auto count = static_cast<int>(n), x_step = static_cast<int>(x.step),
               y_step = static_cast<int>(y.step);
    return Host<T(const int*, const T*, const int*, const T*, const int*)>(host)(&count, x.at, &x_step, y.at,
                                                                                 &y_step);
  });
}

// A norm, or the place of an extreme value.
template <typename T, typename Number>
int OfOne(void* handle, const char* name, const char* host, int64_t n, Vector<const T> x, void* result,
          Number otherwise) {
  return Result<Number>(handle, name, n, IsVector(n, x.at, x.step), result, otherwise, [=] {
    const auto count = static_cast<int>(n), step = static_cast<int>(x.step);
    return Host<Number(const int*, const T*, const int*)>(host)(&count, x.at, &step);
  });
}

}  // namespace

// `lower` is the BLAS's letter for the type.
#define RANKLE_VECTOR(letter, lower, T)                                                                   \
  extern "C" int cublas##letter##axpy_v2(void* handle, int n, const T* alpha, const T* x, int incx, T* y, \
                                         int incy) {                                                      \
    return Axpy<T>(handle, "cublas" #letter "axpy", #lower "axpy_", n, alpha, {x, incx}, {y, incy});      \
  }                                                                                                       \
  extern "C" int cublas##letter##scal_v2(void* handle, int n, const T* alpha, T* x, int incx) {           \
    return Scale<T>(handle, "cublas" #letter "scal", #lower "scal_", n, alpha, {x, incx});                \
  }                                                                                                       \
  extern "C" int cublas##letter##copy_v2(void* handle, int n, const T* x, int incx, T* y, int incy) {     \
    return CopyVector<T>(handle, "cublas" #letter "copy", #lower "copy_", n, {x, incx}, {y, incy});       \
  }                                                                                                       \
  extern "C" int cublas##letter##gemv_v2(void* handle, int op, int m, int n, const T* alpha, const T* a,  \
                                         int lda, const T* x, int incx, const T* beta, T* y, int incy) {  \
    return Gemv<T>(handle, "cublas" #letter "gemv", #lower "gemv_", {op, m, n, a, lda}, alpha, {x, incx}, \
                   beta, {y, incy});                                                                      \
  }                                                                                                       \
  extern "C" int cublas##letter##dot_v2(void* handle, int n, const T* x, int incx, const T* y, int incy,  \
                                        T* result) {                                                      \
    return Dot<T>(handle, "cublas" #letter "dot", #lower "dot_", n, {x, incx}, {y, incy}, result);        \
  }                                                                                                       \
  extern "C" int cublas##letter##nrm2_v2(void* handle, int n, const T* x, int incx, T* result) {          \
    return OfOne<T, T>(handle, "cublas" #letter "nrm2", #lower "nrm2_", n, {x, incx}, result, T());       \
  }                                                                                                       \
  extern "C" int cublas##letter##asum_v2(void* handle, int n, const T* x, int incx, T* result) {          \
    return OfOne<T, T>(handle, "cublas" #letter "asum", #lower "asum_", n, {x, incx}, result, T());       \
  }                                                                                                       \
  extern "C" int cublasI##lower##amax_v2(void* handle, int n, const T* x, int incx, int* result) {        \
    return OfOne<T, int>(handle, "cublasI" #lower "amax", "i" #lower "amax_", n, {x, incx}, result, 1);   \
  }
RANKLE_VECTOR(S, s, float)
RANKLE_VECTOR(D, d, double)
#undef RANKLE_VECTOR
