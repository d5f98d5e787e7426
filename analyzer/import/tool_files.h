// Reads the files of a tool of NCCL side by side: what cannot be read is said and left out, what is cut short
// is used as far as it goes.
#pragma once

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/file_bytes.h"
#include "analyzer/import/in_order.h"
#include "analyzer/import/tool_log.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// Verbose records of weeks take gigabytes; what grows beyond this is a bomb.
inline constexpr uint64_t kMostToolBytes = 256ull << 30;

// Reader: Feed(bytes) -> absl::Status, Finish(path) -> ToolLog.
template <typename Reader>
absl::StatusOr<ToolLog> ReadToolFile(const std::string& path) {
  Reader reader;
  bool is_log = true;
  const absl::Status status = ReadFilePieces(path, kMostToolBytes, [&](std::string_view piece) {
    const absl::Status fed = reader.Feed(piece);
    is_log = fed.ok();
    return fed.ok() ? fed : absl::InvalidArgumentError(absl::StrCat(path, ": ", fed.message(), ", left out"));
  });
  if (!status.ok() && (!is_log || !absl::IsDataLoss(status))) return status;
  ToolLog log = reader.Finish(path);
  log.cut = log.cut || !status.ok();  // compressed data that is cut: what came before is kept
  return log;
}

template <typename Reader>
std::vector<ToolLog> ReadToolFiles(const std::vector<std::string>& files, store::DataQuality& quality) {
  struct Parsed {
    absl::StatusOr<ToolLog> log = ToolLog();
  };
  std::vector<ToolLog> logs;
  InOrder<Parsed>(
      files.size(), std::thread::hardware_concurrency(),
      [&](size_t i, Parsed& p) { p.log = ReadToolFile<Reader>(files[i]); },
      [&](size_t, Parsed& p) {
        if (p.log.ok()) {
          logs.push_back(*std::move(p.log));
          return;
        }
        ++quality.malformed, ++quality.unreadable_files;
        quality.notes.emplace_back(p.log.status().message());
      });
  return logs;
}

}  // namespace rankle::import
