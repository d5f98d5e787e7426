#include "analyzer/import/importer.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "analyzer/import/flight_record/flight_record_importer.h"
#include "analyzer/import/nodes.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;

struct Input {
  std::string path;
  std::string first_bytes;
  bool named_by_user = false;
};

std::string FirstBytes(const std::string& path) {
  std::string bytes(4096, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

absl::StatusOr<std::vector<Input>> CollectInputs(const std::vector<std::string>& paths) {
  std::vector<Input> inputs;
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) return absl::NotFoundError(absl::StrCat(path, ": no such file or directory"));
    if (!fs::is_directory(status) && !fs::is_regular_file(status)) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": neither a file nor a directory; give the output directory of `rankle run`"));
    }
    if (!fs::is_directory(status)) {
      inputs.push_back({path, FirstBytes(path), true});
      continue;
    }
    fs::directory_iterator entries(path, error);
    if (error) return absl::PermissionDeniedError(absl::StrCat(path, ": cannot be read: ", error.message()));
    for (const fs::directory_entry& entry : entries) {
      if (entry.is_regular_file(error)) inputs.push_back({entry.path(), FirstBytes(entry.path()), false});
    }
  }
  std::sort(inputs.begin(), inputs.end(), [](const Input& a, const Input& b) { return a.path < b.path; });
  return inputs;
}

}  // namespace

std::vector<std::unique_ptr<Importer>> AllImporters() {
  std::vector<std::unique_ptr<Importer>> all;
  all.push_back(std::make_unique<FlightRecordImporter>());
  return all;
}

absl::StatusOr<store::Store> ImportPaths(const std::vector<std::string>& paths) {
  auto inputs = CollectInputs(WithNodeDirectories(paths));
  if (!inputs.ok()) return inputs.status();
  std::unique_ptr<Importer> best;
  std::vector<std::string> files;
  for (auto& importer : AllImporters()) {
    std::vector<std::string> recognised;
    for (const Input& input : *inputs) {
      if (importer->Recognises(input.path, input.first_bytes)) recognised.push_back(input.path);
    }
    if (recognised.size() > files.size()) {
      best = std::move(importer);
      files = std::move(recognised);
    }
  }
  if (best == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        paths.empty() ? "nothing to analyze" : paths.front(),
        ": no flight records found; give the output directory of `rankle run`, or files flight-*.rkl"));
  }
  store::Store store;
  for (const Input& input : *inputs) {
    if (!input.named_by_user || std::binary_search(files.begin(), files.end(), input.path)) continue;
    ++store.quality.malformed;
    store.quality.notes.push_back(absl::StrCat(input.path, ": not a known trace format, left out"));
  }
  if (absl::Status status = best->Import(files, store); !status.ok()) return status;
  return store;
}

}  // namespace rankle::import
