// Reading a record file of rankle that nobody vouches for: what all formats with a fixed header and fixed
// tables have in common. A header has `magic`, `version_major`; a table is told by offset, capacity and the
// size of the writer's entries.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace rankle::files {

inline bool HasMagic(std::string_view bytes, const char (&magic)[8]) {
  return bytes.substr(0, sizeof(magic)) == std::string_view(magic, sizeof(magic));
}

// Text of fixed size, NUL terminated where it is shorter.
template <size_t N>
std::string Text(const char (&text)[N]) {
  return std::string(text, strnlen(text, N));
}

// The bytes of a file, aligned as its header wants it: atomics are read as what they are. A mapping is
// aligned; other bytes are copied.
template <typename Header>
class RecordBytes {
 public:
  explicit RecordBytes(std::string_view bytes) : base_(bytes.data()), size_(bytes.size()) {
    if (reinterpret_cast<uintptr_t>(base_) % alignof(Header) == 0) return;
    storage_ = std::vector<Header>((size_ + sizeof(Header) - 1) / sizeof(Header));
    base_ = static_cast<const char*>(std::memcpy(static_cast<void*>(storage_.data()), base_, size_));
  }
  RecordBytes(RecordBytes&&) noexcept = default;  // storage keeps its place
  RecordBytes& operator=(RecordBytes&&) noexcept = default;
  const Header& header() const { return *reinterpret_cast<const Header*>(base_); }

  // nullptr when the table does not lie in the file as a whole, aligned, with entries of this size.
  template <typename Entry>
  const Entry* Table(uint64_t offset, uint64_t capacity, uint64_t entry_bytes) const {
    const bool fits = entry_bytes == sizeof(Entry) && offset % alignof(Entry) == 0 && offset <= size_ &&
                      capacity <= (size_ - offset) / sizeof(Entry);
    return fits ? reinterpret_cast<const Entry*>(base_ + offset) : nullptr;
  }

 private:
  std::vector<Header> storage_;
  const char* base_;
  uint64_t size_;
};

// Is it a `what` ("kernel record") of this major version, as far as its header is whole?
template <typename Header>
absl::StatusOr<RecordBytes<Header>> OpenRecord(std::string_view bytes, const std::string& file,
                                               const char (&magic)[8], uint16_t version_major,
                                               std::string_view what) {
  if (!HasMagic(bytes, magic))
    return absl::InvalidArgumentError(absl::StrCat(file, ": not a ", std::string(what)));
  if (bytes.size() < sizeof(Header))
    return absl::DataLossError(absl::StrCat(file, ": cut short inside the header"));
  RecordBytes<Header> record(bytes);
  if (record.header().version_major != version_major) {
    return absl::UnimplementedError(absl::StrCat(file, ": ", std::string(what), " of version ",
                                                 record.header().version_major,
                                                 "; this program reads version ", version_major));
  }
  return record;
}

// A whole file, mapped.
class MappedFile {
 public:
  // Error: it cannot be opened, or there is nothing in it.
  static absl::StatusOr<MappedFile> Open(const std::string& path, std::string_view what);
  MappedFile(MappedFile&& other) noexcept : bytes_(other.bytes_) { other.bytes_ = {}; }
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();
  std::string_view bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

}  // namespace rankle::files
