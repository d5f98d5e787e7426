// A file as a string, gunzipped where it is compressed. Bounded: traces come from anywhere.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rankle::import {

// What a trace of operations may have, unpacked: ten million operations in the wordiest format.
inline constexpr size_t kMostContent = size_t{2} << 30;

absl::StatusOr<std::string> ReadContent(const std::string& path, size_t most = kMostContent);

// `data` itself unless it starts as gzip does.
absl::StatusOr<std::string> Gunzip(std::string_view data, size_t most);

}  // namespace rankle::import
