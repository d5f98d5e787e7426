#include "analyzer/import/execution_trace/protobuf_fields.h"

namespace rankle::import {
namespace {

enum WireType : uint8_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

std::optional<uint64_t> TakeVarint(std::string_view& bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if (i == 9 && byte > 1) return std::nullopt;
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

std::optional<ProtobufField> ProtobufFields::Damaged() {
  damaged_ = true, rest_ = {};
  return std::nullopt;
}

std::optional<ProtobufField> ProtobufFields::Next() {
  if (rest_.empty()) return std::nullopt;
  const std::optional<uint64_t> tag = TakeVarint(rest_);
  if (!tag || *tag >> 3 == 0 || *tag >> 3 > (1u << 29) - 1) return Damaged();
  ProtobufField field;
  field.number = static_cast<uint32_t>(*tag >> 3);
  size_t size = 0;
  switch (*tag & 7) {
    case kVarint: {
      const std::optional<uint64_t> value = TakeVarint(rest_);
      if (!value) return Damaged();
      field.value = *value;
      return field;
    }
    case kFixed64:
      size = 8;
      break;
    case kFixed32:
      size = 4;
      break;
    case kLength: {
      const std::optional<uint64_t> length = TakeVarint(rest_);
      if (!length || *length > rest_.size()) return Damaged();
      field.bytes = rest_.substr(0, *length);
      rest_.remove_prefix(*length);
      return field;
    }
    default:  // groups were never used by Chakra
      return Damaged();
  }
  if (rest_.size() < size) return Damaged();
  field.value = LittleEndian(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return field;
}

}  // namespace rankle::import
