// Decompression of a page to exactly the size that its head tells.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rankle::parquet {

// `codec` as in the file: 0 none, 1 Snappy, 2 gzip, 6 Zstandard; others are an error.
absl::StatusOr<std::string> Unpack(int64_t codec, std::string_view packed, size_t unpacked_size);

}  // namespace rankle::parquet
