// Flat columns of a Parquet file: the subset that traces use. Data pages of versions 1 and 2, plain and
// dictionary encoding, uncompressed, Snappy, gzip or Zstandard. Everything else is refused by name. The file
// is not trusted: sizes are checked before memory is taken.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::parquet {

struct Column {
  enum class Kind { kInteger, kReal, kText };
  Kind kind = Kind::kInteger;
  std::vector<uint8_t> present;   // by row; 0 = null, the value is then 0 or the empty text
  std::vector<int64_t> integers;  // by row; of texts: index into `texts`
  std::vector<double> reals;      // by row
  std::vector<std::string> texts = {""};

  size_t size() const { return present.size(); }
  std::string_view TextAt(size_t row) const { return texts[integers[row]]; }
};

struct Limits {
  int64_t rows = 20'000'000;          // a trace of a week
  size_t unpacked = size_t{2} << 30;  // bytes of all pages read
};

// The columns of these names; those that the file does not have are missing from the result.
absl::StatusOr<std::map<std::string, Column>> ReadColumns(std::string_view file,
                                                          const std::vector<std::string>& names,
                                                          const Limits& limits = {});

}  // namespace rankle::parquet
