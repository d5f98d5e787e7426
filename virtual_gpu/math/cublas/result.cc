// The functions with one number for a result that are never computed: those of complex vectors, the smallest
// element, and dot products with a type for each operand. The number is 0, a place is 1.
#include "virtual_gpu/math/cublas/result.h"

#include <library_types.h>

#include <complex>

#include "virtual_gpu/math/product.h"

using namespace rankle::vgpu::math;

namespace {

template <typename Number>
int Fixed(void* handle, const char* name, int64_t n, bool valid, void* result, Number number) {
  return Result<Number>(handle, name, n, valid, result, number, [number] { return number; });
}

}  // namespace

#define RANKLE_OF_ONE(name, Number, number)                                                      \
  extern "C" int cublas##name##_v2(void* handle, int n, const void* x, int incx, void* result) { \
    return Fixed<Number>(handle, "cublas" #name, n, IsVector(n, x, incx), result, number);       \
  }
RANKLE_OF_ONE(Scnrm2, float, 0)
RANKLE_OF_ONE(Dznrm2, double, 0)
RANKLE_OF_ONE(Scasum, float, 0)
RANKLE_OF_ONE(Dzasum, double, 0)
RANKLE_OF_ONE(Isamin, int, 1)
RANKLE_OF_ONE(Idamin, int, 1)
RANKLE_OF_ONE(Icamax, int, 1)
RANKLE_OF_ONE(Icamin, int, 1)
RANKLE_OF_ONE(Izamax, int, 1)
RANKLE_OF_ONE(Izamin, int, 1)
#undef RANKLE_OF_ONE

#define RANKLE_COMPLEX_DOT(name, Number)                                                                  \
  extern "C" int cublas##name##_v2(void* handle, int n, const void* x, int incx, const void* y, int incy, \
                                   void* result) {                                                        \
    return Fixed<Number>(handle, "cublas" #name, n, IsVector(n, x, incx) && IsVector(n, y, incy), result, \
                         Number());                                                                       \
  }
RANKLE_COMPLEX_DOT(Cdotu, std::complex<float>)
RANKLE_COMPLEX_DOT(Cdotc, std::complex<float>)
RANKLE_COMPLEX_DOT(Zdotu, std::complex<double>)
RANKLE_COMPLEX_DOT(Zdotc, std::complex<double>)
#undef RANKLE_COMPLEX_DOT

extern "C" int cublasDotEx(void* handle, int n, const void* x, cudaDataType, int incx, const void* y,
                           cudaDataType, int incy, void* result, cudaDataType type, cudaDataType) {
  const bool valid = IsVector(n, x, incx) && IsVector(n, y, incy);
  switch (ElementSize(type)) {
    case 2:
      return Fixed<uint16_t>(handle, "cublasDotEx", n, valid, result, 0);
    case 4:
      return Fixed<uint32_t>(handle, "cublasDotEx", n, valid, result, 0);
    case 8:
      return Fixed<uint64_t>(handle, "cublasDotEx", n, valid, result, 0);
    case 16:
      return Fixed<std::complex<double>>(handle, "cublasDotEx", n, valid, result, 0);
    default:
      return kCublas.not_supported;
  }
}
