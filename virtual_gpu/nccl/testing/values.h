// Elements of every datatype for tests, encoded and decoded by CUDA's own headers (not by the code under
// test), and the reference arithmetic in double.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <nccl.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace rankle::virtual_nccl::testing {

inline bool IsInteger(ncclDataType_t type) { return type <= ncclUint64; }

template <typename Visitor>
auto VisitType(ncclDataType_t type, Visitor visit) {
  switch (type) {
    case ncclInt8:
      return visit(int8_t{});
    case ncclUint8:
      return visit(uint8_t{});
    case ncclInt32:
      return visit(int32_t{});
    case ncclUint32:
      return visit(uint32_t{});
    case ncclInt64:
      return visit(int64_t{});
    case ncclUint64:
      return visit(uint64_t{});
    case ncclFloat16:
      return visit(__half{});
    case ncclFloat64:
      return visit(double{});
    case ncclBfloat16:
      return visit(__nv_bfloat16{});
    case ncclFloat8e4m3:
      return visit(__nv_fp8_e4m3{});
    case ncclFloat8e5m2:
      return visit(__nv_fp8_e5m2{});
    default:
      return visit(float{});
  }
}

inline size_t SizeOf(ncclDataType_t type) {
  return VisitType(type, [](auto zero) { return sizeof zero; });
}

// An array of elements of one type, read and written as doubles. Integers wrap.
class Array {
 public:
  Array(ncclDataType_t type, size_t count, double fill = -1) : type_(type), bytes_(count * SizeOf(type) + 8) {
    for (size_t i = 0; i < count; ++i) Set(i, fill);
  }
  void* data() { return bytes_.data(); }
  void* at(size_t i) { return bytes_.data() + i * SizeOf(type_); }

  void Set(size_t i, double value) {
    VisitType(type_, [&](auto element) {
      using T = decltype(element);
      if constexpr (std::is_integral_v<T>) {
        element = static_cast<T>(static_cast<int64_t>(value));
      } else if constexpr (std::is_floating_point_v<T>) {
        element = static_cast<T>(value);
      } else {
        element = T(static_cast<float>(value));
      }
      std::memcpy(at(i), &element, sizeof element);
    });
  }
  double Get(size_t i) const {
    return VisitType(type_, [&](auto element) {
      std::memcpy(&element, bytes_.data() + i * SizeOf(type_), sizeof element);
      if constexpr (std::is_arithmetic_v<decltype(element)>) {
        return static_cast<double>(element);
      } else {
        return static_cast<double>(static_cast<float>(element));
      }
    });
  }

 private:
  ncclDataType_t type_;
  std::vector<char> bytes_;
};

// Inputs small enough that sums and products of eight ranks are exact in every type.
inline double Input(int rank, size_t i, ncclRedOp_t op) {
  const unsigned mix = static_cast<unsigned>(i * 2654435761u + static_cast<unsigned>(rank) * 40503u) >> 7;
  if (op == ncclProd) return 1 + mix % 2;
  if (op == ncclMax || op == ncclMin) return mix % 4;
  return mix % 2;
}

inline double Reduced(const std::vector<double>& inputs, ncclDataType_t type, ncclRedOp_t op) {
  double result = inputs.front();
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (op == ncclProd) result *= inputs[i];
    if (op == ncclMax) result = std::max(result, inputs[i]);
    if (op == ncclMin) result = std::min(result, inputs[i]);
    if (op == ncclSum || op == ncclAvg) result += inputs[i];
  }
  if (op == ncclAvg) result /= static_cast<double>(inputs.size());
  if (!IsInteger(type)) return result;
  Array wrapped(type, 1);
  wrapped.Set(0, std::trunc(result));
  return wrapped.Get(0);
}

// Averages over three, five... ranks are rounded at each step.
inline double Tolerance(ncclDataType_t type, ncclRedOp_t op) {
  if (op != ncclAvg || IsInteger(type)) return 0;
  switch (type) {
    case ncclFloat8e5m2:
      return 0.5;
    case ncclFloat8e4m3:
      return 0.25;
    case ncclBfloat16:
      return 0.03;
    case ncclFloat16:
      return 0.004;
    default:
      return 1e-6;
  }
}

}  // namespace rankle::virtual_nccl::testing
