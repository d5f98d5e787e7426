// The wire format of protobuf, as far as Chakra traces need it: tags, varints and lengths, over bytes that
// are already in memory. Of its own and not libprotobuf: a dozen field numbers are read of a message, most
// fields are skipped unread, and a hostile length must end in an error before anything is allocated;
// generated code and a library to link would be more to maintain than these lines. Pure; copies nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rankle::import {

struct ProtobufField {
  uint32_t number = 0;
  uint64_t value = 0;      // of a varint or fixed field
  std::string_view bytes;  // of a field with a length; valid as long as the message
};

class ProtobufFields {
 public:
  explicit ProtobufFields(std::string_view message) : rest_(message) {}
  // The next field; nothing at the end of the message, or where it is no protobuf (damaged() tells which).
  std::optional<ProtobufField> Next();
  bool damaged() const { return damaged_; }

 private:
  std::optional<ProtobufField> Damaged();

  std::string_view rest_;
  bool damaged_ = false;
};

// Takes a varint off the front of `bytes`; nothing when they end inside of it or it has more than 64 bits,
// then `bytes` is as before.
std::optional<uint64_t> TakeVarint(std::string_view& bytes);

}  // namespace rankle::import
