#include "analyzer/import/importer.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/import/execution_trace/execution_trace_importer.h"
#include "analyzer/import/flight_record/flight_record_importer.h"
#include "analyzer/import/flight_recorder/flight_recorder_importer.h"
#include "analyzer/import/inspector/inspector_importer.h"
#include "analyzer/import/kineto/kineto_importer.h"
#include "analyzer/import/logs/logs_importer.h"
#include "analyzer/import/nodes.h"
#include "analyzer/import/nsys/nsys_importer.h"
#include "analyzer/import/profiler_dump/profiler_importer.h"
#include "analyzer/import/python_stacks/python_stacks_importer.h"
#include "analyzer/import/ras/ras_importer.h"

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

// Formats that hold what was unfinished: of a hang they are the records, while profiles of the same job show
// the healthy steps before it, however many they are.
bool HoldsUnfinishedWork(const Importer& importer) {
  const std::string_view name = importer.name();
  return name == "rankle" || name == "pytorch-flight-recorder";
}

// The format that tells the most of the job; its files may be none.
size_t ChooseMain(const Importers& importers, const FilesByFormat& files) {
  const auto worth = [&](size_t i) {
    const bool any = !files[i].empty(), operations = importers[i]->layer() == Layer::kOperations;
    // `rankle run` switches Flight Recorder dumps on beside its own records, which tell more.
    const bool is_ours = any && std::string_view(importers[i]->name()) == "rankle";
    return std::tuple(any && operations, any && HoldsUnfinishedWork(*importers[i]), is_ours, files[i].size());
  };
  size_t best = 0;
  for (size_t i = 1; i < importers.size(); ++i) {
    if (worth(i) > worth(best)) best = i;
  }
  return best;
}

// Does the store hold only what its source cannot prove?
bool IsInconclusive(const store::Store& store) {
  return !store.doubts.empty() && store.operations.size() == 0 && store.events.size() == 0 &&
         std::all_of(store.processes.begin(), store.processes.end(),
                     [](const store::Process& p) { return p.state == store::ProcessState::kRunning; });
}

// RAS counts launches and lists outliers; the lines of NCCL and of watchdogs tell what each rank did. Where
// it concludes nothing and they tell that, the store becomes theirs.
size_t PreferLogsToDoubts(const Importers& importers, const FilesByFormat& files, size_t used,
                          const store::DataQuality& before, store::Store& store) {
  if (importers[used]->layer() != Layer::kTestimony || !IsInconclusive(store)) return used;
  for (size_t i = 0; i < importers.size(); ++i) {
    if (i == used || files[i].empty() || importers[i]->layer() != Layer::kTestimony) continue;
    store::Store told;
    told.quality = before;
    if (!importers[i]->Import(files[i], told).ok() || told.operations.size() == 0) continue;
    store = std::move(told);
    return i;
  }
  return used;
}

// Joins the testimonies. What becomes of the files of each format.
std::vector<store::InputFiles> JoinOthers(const Importers& importers, const FilesByFormat& files, size_t used,
                                          store::Store& store) {
  std::vector<store::InputFiles> account;
  for (size_t i = 0; i < importers.size(); ++i) {
    if (files[i].empty()) continue;
    std::string why;
    if (i != used && importers[i]->layer() == Layer::kOperations) {
      why = HoldsUnfinishedWork(*importers[used]) && (!HoldsUnfinishedWork(*importers[i]) ||
                                                      std::string_view(importers[used]->name()) == "rankle")
                ? absl::StrCat(importers[used]->name(), " holds what was unfinished")
                : absl::StrCat("there are more files of ", importers[used]->name());
    } else if (i != used) {
      why = std::string(importers[i]->Join(files[i], store).message());
    }
    account.push_back({importers[i]->name(), why.empty(), why, files[i]});
  }
  return account;
}

void AccountForUnknown(const Importer& used, const std::vector<InputFile>& inputs,
                       std::vector<store::InputFiles>& account) {
  std::map<std::string, std::vector<std::string>> unknown;
  for (const InputFile& input : inputs) {
    if (input.format < 0 && !used.IsCompanion(input.path)) unknown[input.what].push_back(input.path);
  }
  for (auto& [what, paths] : unknown) account.push_back({"unknown", false, what, std::move(paths)});
}

absl::Status NothingUsable(const std::vector<std::string>& paths, const std::vector<InputFile>& inputs) {
  std::map<std::string, size_t> kinds;
  for (const InputFile& input : inputs) ++kinds[input.what];
  const std::string seen =
      absl::StrJoin(kinds, ", ", [](std::string* out, const std::pair<const std::string, size_t>& kind) {
        absl::StrAppend(out, kind.second, " ", kind.first);
      });
  return absl::InvalidArgumentError(absl::StrCat(
      paths.empty() ? "nothing to analyze" : paths.front(),
      ": no flight records found, nor files of a known kind (", inputs.size(), " files looked at",
      seen.empty() ? "" : ": ", seen,
      "); give the output directory of `rankle run`, or a directory with dumps, traces or logs of a job"));
}

}  // namespace

std::vector<std::unique_ptr<Importer>> AllImporters() {
  std::vector<std::unique_ptr<Importer>> all;
  all.push_back(std::make_unique<FlightRecordImporter>());
  all.push_back(std::make_unique<PythonStacksImporter>());
  all.push_back(
      std::make_unique<KinetoImporter>());  // both list groups ("pg_config"): the stricter one first
  all.push_back(std::make_unique<InspectorImporter>());
  all.push_back(std::make_unique<ProfilerDumpImporter>());
  all.push_back(std::make_unique<RasImporter>());  // a status has "nccl_version", as dumps have
  all.push_back(std::make_unique<FlightRecorderImporter>());
  all.push_back(std::make_unique<ExecutionTraceImporter>());
  all.push_back(std::make_unique<NsysImporter>());
  all.push_back(std::make_unique<LogsImporter>());
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
    used = ChooseMain(importers, files);
    if (!files[used].empty() && importers[used]->layer() == Layer::kOperations) break;
  }
  if (files[used].empty()) return NothingUsable(paths, inputs);
  store::Store store;
  for (const InputFile& input : inputs) {
    if (!input.named_by_user || input.format >= 0) continue;
    ++store.quality.malformed;
    store.quality.notes.push_back(absl::StrCat(input.path, ": not a known trace format, left out"));
  }
  const store::DataQuality before = store.quality;
  if (absl::Status status = importers[used]->Import(files[used], store); !status.ok()) return status;
  used = PreferLogsToDoubts(importers, files, used, before, store);
  store.inputs = JoinOthers(importers, files, used, store);
  AccountForUnknown(*importers[used], inputs, store.inputs);
  return store;
}

}  // namespace rankle::import
