#include "analyzer/import/parquet/thrift_compact.h"

namespace rankle::parquet {

uint8_t ThriftCursor::Byte() {
  if (failed_ || position_ >= data_.size()) {
    Fail();
    return 0;
  }
  return static_cast<uint8_t>(data_[position_++]);
}

uint64_t ThriftCursor::Varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = Byte();
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  Fail();
  return 0;
}

int64_t ThriftCursor::Integer() {
  const uint64_t value = Varint();
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

void ThriftCursor::Advance(uint64_t bytes) {
  if (failed_ || bytes > data_.size() - position_) {
    Fail();
  } else {
    position_ += bytes;
  }
}

std::string_view ThriftCursor::Binary() {
  const uint64_t size = Varint();
  const size_t begin = position_;
  Advance(size);
  return failed_ ? std::string_view() : data_.substr(begin, size);
}

void ThriftCursor::Skip(Type type) {
  if (++depth_ > kMostDepth) Fail();
  switch (type) {
    case kTrue:
    case kFalse:
      break;  // the type is the value. In lists each takes a byte, which ReadList's callers never skip
    case kByte:
      Advance(1);
      break;
    case kInt16:
    case kInt32:
    case kInt64:
      Varint();
      break;
    case kDouble:
      Advance(8);
      break;
    case kBinary:
      Binary();
      break;
    case kList:
    case kSet:
      ReadList([this](Type element) { element <= kFalse ? Advance(1) : Skip(element); });
      break;
    case kStruct:
      ReadStruct([this](int32_t, Type field) { Skip(field); });
      break;
    default:
      Fail();  // Parquet has no maps
  }
  --depth_;
}

}  // namespace rankle::parquet
