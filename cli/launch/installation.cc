#include "cli/launch/installation.h"

#include <filesystem>
#include <system_error>

namespace rankle::cli {

Installation InstallationOf(const std::string& executable) {
  const std::filesystem::path prefix = std::filesystem::path(executable).parent_path().parent_path();
  return {.prefix = prefix.string(),
          .hooks_library = (prefix / "lib" / "librankle.so").string(),
          .libc_library = (prefix / "lib" / "librankle-libc.so").string(),
          .profiler_library = (prefix / "lib" / "librankle-nccl-profiler.so").string(),
          .cupti_library = (prefix / "lib" / "librankle-cupti.so").string(),
          .python_dir = (prefix / "lib" / "rankle-python").string(),
          .source_program = (prefix / "bin" / "rankle-source").string(),
          .virtual_gpu_dir = (prefix / "lib" / "vgpu").string(),
          .audit_library = (prefix / "lib" / "vgpu" / kAuditLibrary).string(),
          .rules_dir = (prefix / "share" / "rankle" / "rules").string(),
          .corpora_dir = (prefix / "share" / "rankle" / "corpora").string()};
}

const Installation& ThisInstallation() {
  static const Installation installation = [] {
    std::error_code error;
    Installation found = InstallationOf(std::filesystem::read_symlink("/proc/self/exe", error).string());
    const std::filesystem::path source_tree = std::filesystem::path(found.prefix).parent_path();
    const auto prefer_installed = [&](std::string& directory, const char* name) {
      const std::string in_source = (source_tree / name).string();
      if (!FileExists(directory) && FileExists(in_source)) directory = in_source;
    };
    prefer_installed(found.rules_dir, "rules");
    prefer_installed(found.corpora_dir, "corpora");
    return found;
  }();
  return installation;
}

bool FileExists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

}  // namespace rankle::cli
