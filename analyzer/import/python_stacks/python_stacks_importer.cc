#include "analyzer/import/python_stacks/python_stacks_importer.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "analyzer/import/file_bytes.h"
#include "analyzer/import/python_stacks/python_stacks.h"

namespace rankle::import {
namespace {

// 100 frames of 100 threads, asked for some dozens of times.
constexpr uint64_t kMostBytes = 64u << 20;

// Pids are unique on a host only; the files of a host lie together.
store::Process* ProcessOf(const PythonStacks& stacks, const std::string& file, store::Store& store) {
  const std::filesystem::path directory = std::filesystem::path(file).parent_path();
  store::Process* found = nullptr;
  for (store::Process& process : store.processes) {
    if (process.pid != stacks.pid) continue;
    if (std::filesystem::path(process.source).parent_path() == directory) return &process;
    found = &process;
  }
  return found;
}

}  // namespace

bool PythonStacksImporter::Recognises(const std::string&, const std::string& first_bytes) const {
  return LooksLikePythonStacks(first_bytes);
}

absl::Status PythonStacksImporter::Import(const std::vector<std::string>& files, store::Store&) const {
  return absl::InvalidArgumentError(
      absl::StrCat(files[0],
                   ": stacks of Python processes tell nothing of communication: give the directory of "
                   "`rankle run` that they are from"));
}

absl::Status PythonStacksImporter::Join(const std::vector<std::string>& files, store::Store& store) const {
  bool any = false;
  for (const std::string& file : files) {
    std::string text;
    absl::Status status = ReadFileBytes(file, kMostBytes, text);
    const absl::StatusOr<PythonStacks> stacks =
        status.ok() ? ParsePythonStacks(text) : absl::StatusOr<PythonStacks>(status);
    if (!stacks.ok()) {
      store.quality.notes.push_back(absl::StrCat(file, ": ", stacks.status().message()));
      continue;
    }
    store::Process* process = ProcessOf(*stacks, file, store);
    const std::string place = PlaceOf(stacks->main_thread);
    if (process == nullptr || place.empty()) continue;
    process->place = place;
    any = true;
  }
  return any ? absl::OkStatus()
             : absl::NotFoundError("nobody asked where the processes stand: the job did not stall");
}

}  // namespace rankle::import
