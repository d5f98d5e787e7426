// The encodings of values in a page: plain, and the hybrid of runs and bit-packed groups.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::parquet {

// `count` integers of `bits` each (at most 32), as runs and bit-packed groups of eight.
absl::StatusOr<std::vector<uint32_t>> ReadHybrid(std::string_view data, int bits, size_t count);

// Plain values, one after the other; nothing where the data has ended.
class PlainCursor {
 public:
  explicit PlainCursor(std::string_view data) : data_(data) {}
  template <typename T>
  std::optional<T> Fixed();  // int32_t, int64_t, float, double
  std::optional<std::string_view> Text();

 private:
  std::string_view data_;
};

}  // namespace rankle::parquet
