// Reads the files of a format that has one trace a rank: on all cores, damaged files counted and named.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/file_bytes.h"
#include "analyzer/import/rank_traces/rank_trace.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// The traces of the files that could be read, in order of the files; the others are counted in store.quality.
// Error: none could be read.
absl::StatusOr<std::vector<RankTrace>> ReadAll(
    const std::vector<std::string>& files,
    const std::function<absl::StatusOr<RankTrace>(const std::string& path)>& read, store::Store& store);

// Traces of long profiles take gigabytes; what grows beyond this is a bomb.
inline constexpr uint64_t kMostTraceBytes = 256ull << 30;

// Feeds a reader (Feed(bytes) -> Status, Finish(file) -> RankTrace). Compressed data that is cut or damaged:
// what came before is kept, and RankTrace::cut says so.
template <typename Reader>
absl::StatusOr<RankTrace> ReadInPieces(const std::string& path, Reader& reader) {
  bool is_trace = true;
  const absl::Status status = ReadFilePieces(path, kMostTraceBytes, [&](std::string_view piece) {
    const absl::Status fed = reader.Feed(piece);
    is_trace = fed.ok();
    return fed.ok() ? fed : absl::InvalidArgumentError(absl::StrCat(path, ": ", fed.message()));
  });
  if (!status.ok() && (!is_trace || !absl::IsDataLoss(status))) return status;
  return reader.Finish(path);
}

}  // namespace rankle::import
