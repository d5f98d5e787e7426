#include "analyzer/import/ras/ras_importer.h"

#include "absl/strings/str_cat.h"
#include "analyzer/import/file_bytes.h"
#include "analyzer/import/json_documents.h"
#include "analyzer/import/ras/ras_job.h"
#include "analyzer/import/ras/ras_report.h"
#include "analyzer/import/ras/ras_testimony.h"
#include "analyzer/import/ras/ras_text.h"

namespace rankle::import {
namespace {

// A status of 16,384 ranks in ten communicators takes 100 MB; a day of them, one a minute, is compressed.
constexpr uint64_t kMostBytes = 64ull << 30;

RasRecords ReadFiles(const std::vector<std::string>& files, store::DataQuality& quality) {
  RasRecords records;
  for (const std::string& file : files) {
    const size_t known = records.snapshots.size() + records.events.size();
    const auto bad = [&](const absl::Status& status) {
      ++records.malformed;
      if (quality.notes.size() < 100) quality.notes.emplace_back(status.message());
    };
    RasText text(file, records);
    JsonDocuments documents(
        [&](std::string_view json) {
          if (const absl::Status status = AddRasDocument(json, file, records); !status.ok()) bad(status);
        },
        // An answer in text; or "OK" of a session by hand, the welcome of the monitor.
        [&](std::string_view line) { text.TakeLine(line); });
    const absl::Status status = ReadFilePieces(file, kMostBytes, [&](std::string_view piece) {
      documents.Feed(piece);
      return absl::OkStatus();
    });
    const bool whole = documents.Finish();
    text.Finish();
    const bool nothing = known == records.snapshots.size() + records.events.size();
    if (status.ok() && whole && !nothing) continue;
    ++(nothing ? quality.unreadable_files : quality.cut_files);
    bad(!status.ok()
            ? status
            : absl::DataLossError(absl::StrCat(file, nothing ? ": no status of RAS that can be read, left out"
                                                             : ": cut short; what came before is used")));
  }
  return records;
}

}  // namespace

bool RasImporter::Recognises(const std::string&, const std::string& first_bytes) const {
  return LooksLikeRasJson(first_bytes) || LooksLikeRasText(first_bytes);
}

absl::Status RasImporter::Import(const std::vector<std::string>& files, store::Store& store) const {
  return BuildRasStore(ReadFiles(files, store.quality), store);
}

absl::Status RasImporter::Join(const std::vector<std::string>& files, store::Store& store) const {
  return JoinRas(ReadFiles(files, store.quality), store);
}

}  // namespace rankle::import
