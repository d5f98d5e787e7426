#include "analyzer/import/importer.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "analyzer/import/flight_record/flight_record_importer.h"
#include "analyzer/import/flight_recorder/flight_recorder_importer.h"
#include "analyzer/import/kineto/kineto_importer.h"
#include "analyzer/import/nodes.h"

namespace rankle::import {
namespace {

// Deep enough for collected trees (job/host/run/), shallow enough not to read a whole home directory.
constexpr int kDeepSearch = 4;

using Importers = std::vector<std::unique_ptr<Importer>>;
using FilesByFormat = std::vector<std::vector<std::string>>;  // index = importer

FilesByFormat Sort(const Importers& importers, const std::vector<InputFile>& inputs) {
  FilesByFormat files(importers.size());
  for (const InputFile& input : inputs) {
    if (input.format >= 0) files[input.format].push_back(input.path);
  }
  return files;
}

// What becomes of each file, before the importer adds what it finds inside.
std::vector<store::InputFiles> Account(const Importers& importers, const FilesByFormat& files, size_t used,
                                       const std::vector<InputFile>& inputs) {
  std::vector<store::InputFiles> account;
  for (size_t i = 0; i < importers.size(); ++i) {
    if (files[i].empty()) continue;
    account.push_back({importers[i]->name(), i == used,
                       i == used ? "" : absl::StrCat("there are more files of ", importers[used]->name()),
                       files[i]});
  }
  std::map<std::string, std::vector<std::string>> unknown;
  for (const InputFile& input : inputs) {
    if (input.format < 0 && !importers[used]->IsCompanion(input.path))
      unknown[input.what].push_back(input.path);
  }
  for (auto& [what, paths] : unknown) account.push_back({"unknown", false, what, std::move(paths)});
  return account;
}

}  // namespace

std::vector<std::unique_ptr<Importer>> AllImporters() {
  std::vector<std::unique_ptr<Importer>> all;
  all.push_back(std::make_unique<FlightRecordImporter>());
  all.push_back(
      std::make_unique<KinetoImporter>());  // both list groups ("pg_config"): the stricter one first
  all.push_back(std::make_unique<FlightRecorderImporter>());
  return all;
}

absl::StatusOr<store::Store> ImportPaths(const std::vector<std::string>& paths, const InputFilter& filter) {
  const Importers importers = AllImporters();
  const auto classify = [&](const std::string& path, const std::string& first_bytes) {
    for (size_t i = 0; i < importers.size(); ++i) {
      if (importers[i]->Recognises(path, first_bytes)) return static_cast<int>(i);
    }
    return -1;
  };
  FilesByFormat files;
  std::vector<InputFile> inputs;
  size_t used = 0;
  for (const int depth : {0, kDeepSearch}) {
    auto found = CollectInputs(WithNodeDirectories(paths), filter, depth, classify);
    if (!found.ok()) return found.status();
    inputs = *std::move(found);
    files = Sort(importers, inputs);
    used = static_cast<size_t>(
        std::max_element(files.begin(), files.end(),
                         [](const auto& a, const auto& b) { return a.size() < b.size(); }) -
        files.begin());
    if (!files[used].empty()) break;
  }
  if (files[used].empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(paths.empty() ? "nothing to analyze" : paths.front(),
                     ": no flight records found, nor dumps of a "
                     "known kind (",
                     inputs.size(),
                     " files looked at); give the output directory of `rankle run`, or a "
                     "directory with Flight Recorder dumps"));
  }
  store::Store store;
  for (const InputFile& input : inputs) {
    if (!input.named_by_user || std::binary_search(files[used].begin(), files[used].end(), input.path))
      continue;
    ++store.quality.malformed;
    store.quality.notes.push_back(absl::StrCat(input.path, ": not a known trace format, left out"));
  }
  std::vector<store::InputFiles> account = Account(importers, files, used, inputs);
  if (absl::Status status = importers[used]->Import(files[used], store); !status.ok()) return status;
  store.inputs = std::move(account);
  return store;
}

}  // namespace rankle::import
