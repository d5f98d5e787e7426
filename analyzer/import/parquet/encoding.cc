#include "analyzer/import/parquet/encoding.h"

#include <algorithm>
#include <cstring>

#include "analyzer/import/parquet/metadata.h"

namespace rankle::parquet {
namespace {

// Takes an unsigned LEB128 number from the front of the data.
std::optional<uint64_t> TakeVarint(std::string_view& data) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !data.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(data.front());
    data.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

// `groups` groups of eight values, the lowest bits first; the last group of a page may be cut.
bool TakePacked(std::string_view& data, int bits, uint64_t groups, size_t count,
                std::vector<uint32_t>& values) {
  const uint64_t size = std::min<uint64_t>(groups * bits, data.size());
  uint64_t buffer = 0;
  int filled = 0;
  size_t next = 0;
  for (uint64_t i = 0; i < groups * 8 && values.size() < count; ++i) {
    while (filled < bits) {
      if (next >= size) return false;
      buffer |= static_cast<uint64_t>(static_cast<uint8_t>(data[next++])) << filled;
      filled += 8;
    }
    values.push_back(static_cast<uint32_t>(buffer & ((uint64_t{1} << bits) - 1)));
    buffer >>= bits;
    filled -= bits;
  }
  data.remove_prefix(size);
  return true;
}

}  // namespace

absl::StatusOr<std::vector<uint32_t>> ReadHybrid(std::string_view data, int bits, size_t count) {
  if (bits < 0 || bits > 32) return Damaged("integers of more than 32 bits in a page");
  std::vector<uint32_t> values;
  while (values.size() < count) {
    const auto head = TakeVarint(data);
    if (!head) return Damaged("a page ends before its values");
    if (*head & 1) {
      // More groups than the count needs are not read, whatever the head says.
      const uint64_t groups = std::min<uint64_t>(*head >> 1, (count + 7) / 8);
      if (groups == 0 || !TakePacked(data, bits, groups, count, values))
        return Damaged("a page ends before its values");
    } else {
      const size_t bytes = (static_cast<size_t>(bits) + 7) / 8;
      if (data.size() < bytes || *head >> 1 == 0) return Damaged("a page ends before its values");
      uint32_t value = 0;
      std::memcpy(&value, data.data(), bytes);
      data.remove_prefix(bytes);
      values.insert(values.end(), std::min<uint64_t>(*head >> 1, count - values.size()), value);
    }
  }
  return values;
}

template <typename T>
std::optional<T> PlainCursor::Fixed() {
  if (data_.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, data_.data(), sizeof value);
  data_.remove_prefix(sizeof value);
  return value;
}
template std::optional<int32_t> PlainCursor::Fixed();
template std::optional<uint32_t> PlainCursor::Fixed();
template std::optional<int64_t> PlainCursor::Fixed();
template std::optional<float> PlainCursor::Fixed();
template std::optional<double> PlainCursor::Fixed();

std::optional<std::string_view> PlainCursor::Text() {
  const auto size = Fixed<uint32_t>();
  if (!size || *size > data_.size()) return std::nullopt;
  const std::string_view text = data_.substr(0, *size);
  data_.remove_prefix(*size);
  return text;
}

}  // namespace rankle::parquet
