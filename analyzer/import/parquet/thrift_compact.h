// Thrift's compact protocol, as far as Parquet's headers need it: a cursor over bytes that nobody vouches
// for. Any violation makes the cursor fail for good; it then yields zeros, and callers look at ok() at the
// end.
#pragma once

#include <cstdint>
#include <string_view>

namespace rankle::parquet {

class ThriftCursor {
 public:
  enum Type : uint8_t {
    kStop = 0,
    kTrue = 1,
    kFalse = 2,
    kByte = 3,
    kInt16 = 4,
    kInt32 = 5,
    kInt64 = 6,
    kDouble = 7,
    kBinary = 8,
    kList = 9,
    kSet = 10,
    kMap = 11,
    kStruct = 12,
  };

  explicit ThriftCursor(std::string_view data) : data_(data) {}
  bool ok() const { return !failed_; }
  size_t position() const { return position_; }  // bytes consumed

  // Calls on_field(id, type) for each field; it reads the value or calls Skip(type).
  template <typename F>
  void ReadStruct(const F& on_field) {
    if (++depth_ > kMostDepth) Fail();
    int32_t id = 0;
    while (!failed_) {
      const uint8_t head = Byte();
      if (failed_ || (head & 0xf) == kStop) break;
      id = head >> 4 != 0 ? id + (head >> 4) : static_cast<int32_t>(Integer());
      on_field(id, static_cast<Type>(head & 0xf));
    }
    --depth_;
  }
  // Calls on_element(type) for each element.
  template <typename F>
  void ReadList(const F& on_element) {
    const uint8_t head = Byte();
    const uint64_t size = head >> 4 == 15 ? Varint() : head >> 4;
    // Every element takes a byte at least: longer lists are lies.
    if (size > data_.size() - position_) Fail();
    for (uint64_t i = 0; i < size && !failed_; ++i) on_element(static_cast<Type>(head & 0xf));
  }
  int64_t Integer();  // zigzag: 16, 32 and 64 bits
  std::string_view Binary();
  void Skip(Type type);

 private:
  static constexpr int kMostDepth = 32;  // Parquet's structures nest to 6
  void Fail() { failed_ = true; }
  uint8_t Byte();
  uint64_t Varint();
  void Advance(uint64_t bytes);

  std::string_view data_;
  size_t position_ = 0;
  int depth_ = 0;
  bool failed_ = false;
};

}  // namespace rankle::parquet
