#include "virtual_gpu/nccl/reduction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "virtual_gpu/nccl/float_formats.h"

namespace rankle::virtual_nccl {
namespace {

// How an element lies in memory (Storage) and what arithmetic is done in (Value).
template <typename T>
struct Native {
  using Storage = T;
  using Value = T;
  static Value Decode(Storage code) { return code; }
  static Storage Encode(Value value) { return value; }
};

template <typename Format, typename Code>
struct ViaFloat {
  using Storage = Code;
  using Value = float;
  static Value Decode(Storage code) { return Format::ToFloat(code); }
  static Storage Encode(Value value) { return static_cast<Storage>(Format::FromFloat(value)); }
};

// Integers wrap as on the device: the arithmetic is done unsigned.
template <typename T, typename F>
T Wrapping(T a, T b, F f) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(f(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
  } else {
    return f(a, b);
  }
}

struct Sum {
  template <typename T>
  static T Apply(T a, T b) {
    return Wrapping(a, b, [](auto x, auto y) { return x + y; });
  }
};
struct Product {
  template <typename T>
  static T Apply(T a, T b) {
    return Wrapping(a, b, [](auto x, auto y) { return x * y; });
  }
};
// Like fmax and fmin on the device: a NaN gives way to a number.
struct Maximum {
  template <typename T>
  static T Apply(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::fmax(a, b);
    } else {
      return std::max(a, b);
    }
  }
};
struct Minimum {
  template <typename T>
  static T Apply(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return std::fmin(a, b);
    } else {
      return std::min(a, b);
    }
  }
};

template <typename E>
typename E::Value DecodeScalar(Reduction::Scalar scalar) {
  typename E::Storage code;
  std::memcpy(&code, &scalar, sizeof code);
  return E::Decode(code);
}

// Users may hand in any address: elements are read and written without an assumption of alignment. Compilers
// make plain (vector) loads and stores of this.
template <typename E>
typename E::Value Get(const void* array, size_t i) {
  typename E::Storage code;
  std::memcpy(&code, static_cast<const char*>(array) + i * sizeof(code), sizeof(code));
  return E::Decode(code);
}
template <typename E>
void Put(void* array, size_t i, typename E::Value value) {
  const typename E::Storage code = E::Encode(value);
  std::memcpy(static_cast<char*>(array) + i * sizeof(code), &code, sizeof(code));
}

template <typename E>
void CopyKernel(void* into, const void* from, size_t count, Reduction::Scalar) {
  if (into != from) std::memcpy(into, from, count * sizeof(typename E::Storage));
}

template <typename E, typename Op>
void CombineKernel(void* into, const void* from, size_t count, Reduction::Scalar) {
  for (size_t i = 0; i < count; ++i) Put<E>(into, i, Op::Apply(Get<E>(into, i), Get<E>(from, i)));
}

template <typename E>
typename E::Value Scaled(typename E::Value value, typename E::Value scalar) {
  return E::Decode(E::Encode(Product::Apply(value, scalar)));  // rounded to the type, as the device does
}

template <typename E>
void ScaledLoadKernel(void* into, const void* from, size_t count, Reduction::Scalar scalar) {
  const auto factor = DecodeScalar<E>(scalar);
  for (size_t i = 0; i < count; ++i) Put<E>(into, i, Scaled<E>(Get<E>(from, i), factor));
}

template <typename E>
void ScaledSumKernel(void* into, const void* from, size_t count, Reduction::Scalar scalar) {
  const auto factor = DecodeScalar<E>(scalar);
  for (size_t i = 0; i < count; ++i) {
    Put<E>(into, i, Sum::Apply(Get<E>(into, i), Scaled<E>(Get<E>(from, i), factor)));
  }
}

template <typename E>
void DivideKernel(void* into, const void*, size_t count, Reduction::Scalar divisor) {
  if constexpr (std::is_integral_v<typename E::Value>) {
    const auto by =
        static_cast<std::conditional_t<std::is_signed_v<typename E::Value>, int64_t, uint64_t>>(divisor);
    for (size_t i = 0; i < count; ++i) Put<E>(into, i, static_cast<typename E::Value>(Get<E>(into, i) / by));
  }
}

template <typename E>
Reduction::Scalar EncodeScalar(double value) {
  const typename E::Storage code = E::Encode(static_cast<typename E::Value>(value));
  Reduction::Scalar scalar = 0;
  std::memcpy(&scalar, &code, sizeof code);
  return scalar;
}

struct TypeKernels {
  size_t size;
  bool is_integer;
  Reduction::Kernel copy;
  std::array<Reduction::Kernel, 4> combine;  // ncclSum, ncclProd, ncclMax, ncclMin
  Reduction::Kernel scaled_load;
  Reduction::Kernel scaled_sum;
  Reduction::Kernel divide;
  Reduction::Scalar (*encode_scalar)(double);
};

template <typename E>
constexpr TypeKernels KernelsOf() {
  return {sizeof(typename E::Storage),
          std::is_integral_v<typename E::Value>,
          CopyKernel<E>,
          {CombineKernel<E, Sum>, CombineKernel<E, Product>, CombineKernel<E, Maximum>,
           CombineKernel<E, Minimum>},
          ScaledLoadKernel<E>,
          ScaledSumKernel<E>,
          DivideKernel<E>,
          EncodeScalar<E>};
}

// Indexed by ncclDataType_t.
constexpr std::array<TypeKernels, ncclNumTypes> kTypes = {KernelsOf<Native<int8_t>>(),
                                                          KernelsOf<Native<uint8_t>>(),
                                                          KernelsOf<Native<int32_t>>(),
                                                          KernelsOf<Native<uint32_t>>(),
                                                          KernelsOf<Native<int64_t>>(),
                                                          KernelsOf<Native<uint64_t>>(),
                                                          KernelsOf<ViaFloat<Half, uint16_t>>(),
                                                          KernelsOf<Native<float>>(),
                                                          KernelsOf<Native<double>>(),
                                                          KernelsOf<ViaFloat<Bfloat16, uint16_t>>(),
                                                          KernelsOf<ViaFloat<Float8e4m3, uint8_t>>(),
                                                          KernelsOf<ViaFloat<Float8e5m2, uint8_t>>()};

}  // namespace

size_t ElementSize(ncclDataType_t type) { return type < 0 || type >= ncclNumTypes ? 0 : kTypes[type].size; }

struct KernelTable {
  static Reduction Make(ncclDataType_t type, ncclRedOp_t op) {
    const TypeKernels& kernels = kTypes[type];
    Reduction reduction;
    reduction.element_size_ = kernels.size;
    reduction.load_ = kernels.copy;
    reduction.accumulate_ = reduction.merge_ = kernels.combine[op];
    return reduction;
  }
  static Reduction Scaled(ncclDataType_t type, Reduction::Scalar scalar) {
    Reduction reduction = Make(type, ncclSum);
    reduction.scalar_ = scalar;
    reduction.load_ = kTypes[type].scaled_load;
    reduction.accumulate_ = kTypes[type].scaled_sum;
    return reduction;
  }
  static Reduction IntegerAverage(ncclDataType_t type, int nranks) {
    Reduction reduction = Make(type, ncclSum);
    reduction.scalar_ = static_cast<Reduction::Scalar>(nranks);
    reduction.finish_ = kTypes[type].divide;
    return reduction;
  }
};

Reduction Reduction::Copy(ncclDataType_t type) { return KernelTable::Make(type, ncclSum); }

Reduction Reduction::BuiltIn(ncclDataType_t type, ncclRedOp_t op, int nranks) {
  if (op != ncclAvg) return KernelTable::Make(type, op);
  // As NCCL: integers divide the sum, floats scale each input, so that an fp16 average does not overflow on
  // its way.
  if (kTypes[type].is_integer) return KernelTable::IntegerAverage(type, nranks);
  return KernelTable::Scaled(type, kTypes[type].encode_scalar(1.0 / nranks));
}

Reduction Reduction::PreMultipliedSum(ncclDataType_t type, const void* scalar) {
  Scalar bits = 0;
  std::memcpy(&bits, scalar, kTypes[type].size);
  return KernelTable::Scaled(type, bits);
}

}  // namespace rankle::virtual_nccl
