#include "analyzer/import/inspector/inspector_importer.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "analyzer/import/file_bytes.h"
#include "analyzer/import/in_order.h"
#include "analyzer/import/inspector/inspector_job.h"
#include "analyzer/import/inspector/inspector_log.h"

namespace rankle::import {
namespace {

// Verbose records of weeks take gigabytes; what grows beyond this is a bomb.
constexpr uint64_t kMostBytes = 256ull << 30;

absl::StatusOr<InspectorLog> ReadLog(const std::string& path) {
  InspectorReader reader;
  bool is_log = true;
  const absl::Status status = ReadFilePieces(path, kMostBytes, [&](std::string_view piece) {
    const absl::Status fed = reader.Feed(piece);
    is_log = fed.ok();
    return fed.ok() ? fed : absl::InvalidArgumentError(absl::StrCat(path, ": ", fed.message(), ", left out"));
  });
  if (!status.ok() && (!is_log || !absl::IsDataLoss(status))) return status;
  InspectorLog log = reader.Finish(path);
  log.cut = log.cut || !status.ok();  // compressed data that is cut: what came before is kept
  return log;
}

struct Parsed {
  absl::StatusOr<InspectorLog> log = InspectorLog();
};

}  // namespace

bool InspectorImporter::Recognises(const std::string&, const std::string& first_bytes) const {
  return LooksLikeInspector(first_bytes);
}

absl::Status InspectorImporter::Import(const std::vector<std::string>& files, store::Store& store) const {
  std::vector<InspectorLog> logs;
  InOrder<Parsed>(
      files.size(), std::thread::hardware_concurrency(),
      [&](size_t i, Parsed& p) { p.log = ReadLog(files[i]); },
      [&](size_t, Parsed& p) {
        if (p.log.ok()) {
          logs.push_back(*std::move(p.log));
          return;
        }
        ++store.quality.malformed, ++store.quality.unreadable_files;
        store.quality.notes.emplace_back(p.log.status().message());
      });
  return BuildInspectorStore(std::move(logs), store);
}

}  // namespace rankle::import
