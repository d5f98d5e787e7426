#include "injector/ebpf/probed_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tracer/ebpf/elf_functions.h"
#include "tracer/ebpf/probes.h"
#include "tracer/ebpf/process_info.h"
#include "tracer/files/record_bytes.h"

namespace rankle::ebpf {
namespace {

constexpr std::string_view kLoaderFunction = "_dl_debug_state";

bool IsLoader(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.starts_with("ld-") || name.starts_with("ld.so");
}

}  // namespace

void ProbedFiles::Probe(int pid, const std::vector<Mapping>& mappings) {
  for (const Mapping& mapping : mappings) {
    if (!mapping.executable) continue;
    const auto [found, added] = files_.try_emplace(mapping.file);
    if (added) ProbeFile(pid, mapping, found->second);
  }
}

void ProbedFiles::ProbeFile(int pid, const Mapping& mapping, File& file) {
  file.path = mapping.path;
  file.replaced = mapping.deleted;
  const std::string path = PathOfMapping(pid, mapping);
  const auto bytes = files::MappedFile::Open(path, "program or library");
  if (!bytes.ok()) {
    notes_.push_back(absl::StrCat(mapping.path, ": cannot be looked at: ", bytes.status().message()));
    return;
  }
  const bool loader = IsLoader(mapping.path);
  const ElfFunctions found = FindFunctions(bytes->bytes(), [&](std::string_view name) {
    if (loader) return name == kLoaderFunction;
    const api::ApiInfo* const info = ApiOfSymbol(name);
    return info != nullptr && (IsTraced(*info) || aimed_at_[info->id]);
  });
  file.is_program = found.is_program;
  file.stripped = found.is_program && !found.has_full_symbols;
  if (found.functions.empty()) return;
  if (loader) {
    const absl::Status status = programs_.AttachLoader(path, found.functions.front().file_offset);
    if (!status.ok()) notes_.push_back(absl::StrCat(mapping.path, ": ", status.message()));
  } else {
    std::vector<ProbedFunction> functions;
    for (const ElfFunction& function : found.functions) {
      const api::ApiInfo& info = *ApiOfSymbol(function.name);
      functions.push_back({function.file_offset, CookieOf(info)});
      file.has_nccl |= (info.groups & api::kCommInit) != 0;
    }
    const std::vector<FailedProbe> failed = programs_.AttachFunctions(path, functions);
    for (const FailedProbe& probe : failed) {
      for (const ElfFunction& function : found.functions) {
        if (function.file_offset == probe.file_offset)
          notes_.push_back(absl::StrCat(mapping.path, ": ", function.name, " is not seen: ", probe.why));
      }
    }
    file.functions = functions.size() - failed.size();
    functions_ += file.functions;
  }
}

const ProbedFiles::File* ProbedFiles::Find(const FileId& id) const {
  const auto found = files_.find(id);
  return found == files_.end() ? nullptr : &found->second;
}

std::vector<std::string> ProbedFiles::Replaced(int pid) const {
  std::vector<std::string> replaced;
  for (const Mapping& mapping : MappingsOf(pid)) {
    const File* const file = Find(mapping.file);
    if (mapping.executable && mapping.deleted && file != nullptr && file->functions > 0 && !file->replaced)
      replaced.push_back(mapping.path);
  }
  return replaced;
}

}  // namespace rankle::ebpf
