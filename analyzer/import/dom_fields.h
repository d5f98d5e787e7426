// Reading fields of parsed JSON that may be absent or of another type than expected: every reader says what
// it takes instead. For sources only: it brings simdjson in.
#pragma once

#include <simdjson.h>

#include <cmath>
#include <cstdint>
#include <string_view>

#include "absl/strings/numbers.h"

namespace rankle::import::dom {

using simdjson::dom::element;

inline std::string_view Text(const element& object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

// Also of a number written as a text.
inline double Number(const element& object, std::string_view key, double otherwise) {
  double value = 0;
  if (object[key].get(value) == simdjson::SUCCESS && std::isfinite(value)) return value;
  const std::string_view text = Text(object, key);
  return absl::SimpleAtod({text.data(), text.size()}, &value) && std::isfinite(value) ? value : otherwise;
}

inline int64_t Integer(const element& object, std::string_view key, int64_t otherwise) {
  int64_t value = 0;
  if (object[key].get(value) == simdjson::SUCCESS) return value;
  const double number = Number(object, key, NAN);
  return std::abs(number) < 9e18 ? static_cast<int64_t>(number) : otherwise;
}

// A number that is no rank, size or count of this kind is `otherwise`.
inline int32_t Within(const element& object, std::string_view key, int32_t most, int32_t otherwise) {
  const int64_t value = Integer(object, key, otherwise);
  return value >= 0 && value <= most ? static_cast<int32_t>(value) : otherwise;
}

inline bool Flag(const element& object, std::string_view key) {
  bool value = false;
  return object[key].get(value) == simdjson::SUCCESS && value;
}

// An identity: a number, or a text that is hexadecimal with or without 0x; 0 = none.
inline uint64_t Hash(const element& object, std::string_view key) {
  uint64_t value = 0;
  if (object[key].get(value) == simdjson::SUCCESS) return value;
  const std::string_view text = Text(object, key);
  return absl::SimpleHexAtoi({text.data(), text.size()}, &value) ? value : 0;
}

}  // namespace rankle::import::dom
