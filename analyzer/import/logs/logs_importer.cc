#include "analyzer/import/logs/logs_importer.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "analyzer/import/file_bytes.h"
#include "analyzer/import/logs/docker_line.h"
#include "analyzer/import/logs/log_job.h"
#include "analyzer/import/logs/log_reader.h"

namespace rankle::import {
namespace {

// Logs of NCCL_DEBUG_SUBSYS=ALL grow to many GiB, and are read in one pass with bounded memory; beyond this a
// file is hostile.
constexpr uint64_t kMostBytes = uint64_t{1} << 40;
constexpr uint64_t kMostErrorFile = 16u << 20;
constexpr size_t kFirstBytes = 4096;
// Programs say much of their own before NCCL speaks, and what ends them stands at the end.
constexpr size_t kBeginning = 256u << 10, kEnd = 64u << 10;

LogContents ReadAll(const std::vector<std::string>& files, store::DataQuality& quality) {
  LogContents contents;
  LogReader reader(contents);
  for (const std::string& file : files) {
    absl::Status status;
    if (LooksLikeErrorFile(ReadFirstBytes(file, kFirstBytes))) {
      std::string bytes;
      status = ReadFileBytes(file, kMostErrorFile, bytes);
      if (status.ok()) reader.TakeErrorFile(file, bytes);
    } else {
      reader.BeginFile(file);
      status = ReadFilePieces(file, kMostBytes, [&](std::string_view piece) {
        reader.Take(piece);
        return absl::OkStatus();
      });
      reader.EndFile();  // what came before the damage counts
    }
    if (status.ok()) continue;
    ++quality.malformed, ++quality.unreadable_files;
    quality.notes.emplace_back(status.message());
  }
  reader.Finish();
  return contents;
}

std::string ReadEnd(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : 0;
  std::string bytes(std::min<size_t>(kEnd, static_cast<size_t>(std::max<std::streamoff>(size, 0))), '\0');
  file.seekg(size - static_cast<std::streamoff>(bytes.size()));
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

bool IsTelling(const std::string& path, const std::string& first_bytes) {
  if (LooksLikeLog(first_bytes)) return true;
  const std::string kind = DescribeContent(first_bytes);
  const bool text = kind == "text" || (kind.starts_with("JSON") && !MayBeJson(first_bytes));
  if (first_bytes.size() < kFirstBytes || !text) return false;
  return LooksLikeLog(ReadFirstBytes(path, kBeginning)) || LooksLikeLog(ReadEnd(path));
}

}  // namespace

bool IsTellingLog(const std::string& path) { return IsTelling(path, ReadFirstBytes(path, kFirstBytes)); }

bool LogsImporter::Recognises(const std::string& path, const std::string& first_bytes) const {
  return IsTelling(path, first_bytes);
}

absl::Status LogsImporter::Import(const std::vector<std::string>& files, store::Store& store) const {
  const absl::Status status = BuildStore(ReadAll(files, store.quality), store);
  return status.ok()
             ? status
             : absl::Status(status.code(), absl::StrCat(files[0], ": ", std::string(status.message())));
}

absl::Status LogsImporter::Join(const std::vector<std::string>& files, store::Store& store) const {
  store::DataQuality quality;  // a damaged log takes nothing from what the records show
  const LogContents contents = ReadAll(files, quality);
  store.quality.notes.insert(store.quality.notes.end(), quality.notes.begin(), quality.notes.end());
  return JoinStore(contents, store);
}

}  // namespace rankle::import
