// cuBLASLt's descriptors: attributes as the program set them.
#pragma once

#include <library_types.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "virtual_gpu/math/handle.h"

namespace rankle::vgpu::math {

// The attributes that a product depends on; values of cublasLtMatmulDescAttributes_t.
enum class MatmulAttribute : int {
  kPointerMode = 2,
  kOpA = 3,
  kOpB = 4,
  kEpilogue = 7,
  kBias = 8,
  kBiasType = 26
};
// cublasLtMatrixLayoutAttribute_t.
enum class LayoutAttribute : int {
  kType = 0,
  kOrder = 1,
  kRows = 2,
  kColumns = 3,
  kLeading = 4,
  kBatch = 5,
  kStride = 6
};

// A set of attributes by number. Those that nobody reads are kept for the getters.
class Attributes : public Handle {
 public:
  template <typename T>
  void Set(int attribute, T value) {
    Store(attribute, &value, sizeof(value));
  }
  void Store(int attribute, const void* bytes, size_t size) {
    const auto* at = static_cast<const unsigned char*>(bytes);
    const std::lock_guard lock(mutex_);
    values_[attribute].assign(at, at + size);
  }
  // The value, or `otherwise` when it was not set with this size.
  template <typename T, typename Attribute>
  T Get(Attribute attribute, T otherwise) const {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(static_cast<int>(attribute));
    if (found == values_.end() || found->second.size() != sizeof(T)) return otherwise;
    T value;
    std::memcpy(&value, found->second.data(), sizeof(T));
    return value;
  }
  std::vector<unsigned char> Bytes(int attribute) const {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(attribute);
    return found == values_.end() ? std::vector<unsigned char>() : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<int, std::vector<unsigned char>> values_;  // guarded by mutex_
};

class MatmulDescriptor final : public Attributes {};
class MatrixLayout final : public Attributes {};
class MatmulPreference final : public Attributes {};
class LtHandle final : public Handle {};

}  // namespace rankle::vgpu::math
