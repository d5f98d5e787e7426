#include "analyzer/import/kineto/kineto_importer.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "analyzer/import/file_bytes.h"
#include "analyzer/import/in_order.h"
#include "analyzer/import/kineto/kineto_job.h"
#include "analyzer/import/kineto/kineto_trace.h"

namespace rankle::import {
namespace {

// Traces of long profiles take gigabytes; what grows beyond this is a bomb.
constexpr uint64_t kMostBytes = 256ull << 30;

absl::StatusOr<RankTrace> ReadTrace(const std::string& path) {
  KinetoReader reader;
  bool is_trace = true;
  const absl::Status status = ReadFilePieces(path, kMostBytes, [&](std::string_view piece) {
    const absl::Status fed = reader.Feed(piece);
    is_trace = fed.ok();
    return fed.ok() ? fed : absl::InvalidArgumentError(absl::StrCat(path, ": ", fed.message()));
  });
  // Compressed data that is cut or damaged: what came before is kept, and RankTrace::cut says so.
  if (!status.ok() && (!is_trace || !absl::IsDataLoss(status))) return status;
  return reader.Finish(path);
}

struct Parsed {
  absl::StatusOr<RankTrace> trace = RankTrace();
};

}  // namespace

bool KinetoImporter::Recognises(const std::string&, const std::string& first_bytes) const {
  return LooksLikeKineto(first_bytes);
}

absl::Status KinetoImporter::Import(const std::vector<std::string>& files, store::Store& store) const {
  std::vector<RankTrace> traces;
  InOrder<Parsed>(
      files.size(), std::thread::hardware_concurrency(),
      [&](size_t i, Parsed& p) { p.trace = ReadTrace(files[i]); },
      [&](size_t, Parsed& p) {
        if (p.trace.ok()) {
          traces.push_back(*std::move(p.trace));
          return;
        }
        ++store.quality.malformed, ++store.quality.unreadable_files;
        store.quality.notes.emplace_back(p.trace.status().message());
      });
  if (traces.empty())
    return absl::InvalidArgumentError(absl::StrCat("no usable trace: ", store.quality.notes.back()));
  return BuildStore(std::move(traces), store);
}

}  // namespace rankle::import
