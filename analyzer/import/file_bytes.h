// The bytes of a file, gunzipped where it is compressed. What a file may grow to is bounded, so that a bomb
// or a sparse file ends in a message and not in the machine's memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace rankle::import {

// The first bytes, at most `count`; fewer where the file is shorter, damaged or unreadable.
std::string ReadFirstBytes(const std::string& path, size_t count);
// The file in pieces, in order; what a piece says (not OK) ends the reading and is returned. Error:
// unreadable, damaged or cut compressed data (the pieces before were given), or above `most` bytes (before or
// after decompression).
absl::Status ReadFilePieces(const std::string& path, uint64_t most,
                            const std::function<absl::Status(std::string_view piece)>& take);
// The whole file into `bytes`, whose memory is used again. Error: unreadable, damaged, or above `most` bytes
// (before or after decompression).
absl::Status ReadFileBytes(const std::string& path, uint64_t most, std::string& bytes);

}  // namespace rankle::import
