// Where this rankle is installed: everything is found relative to the executable, so that the tree can be
// moved.
#pragma once

#include <string>

namespace rankle::cli {

inline constexpr char kAuditLibrary[] = "librankle-vgpu-audit.so";  // in virtual_gpu_dir

struct Installation {
  std::string prefix;            // holds bin/ and lib/
  std::string hooks_library;     // lib/librankle.so
  std::string libc_library;      // lib/librankle-libc.so
  std::string profiler_library;  // lib/librankle-nccl-profiler.so
  std::string cupti_library;     // lib/librankle-cupti.so
  std::string python_dir;        // lib/rankle-python: the agent in Python processes
  std::string source_program;    // bin/rankle-source
  std::string virtual_gpu_dir;   // lib/vgpu
  std::string audit_library;     // lib/vgpu/librankle-vgpu-audit.so
  std::string rules_dir;         // share/rankle/rules, or rules/ of the source tree beside a build tree
  std::string corpora_dir;       // share/rankle/corpora, or corpora/ of the source tree, likewise
};

// The paths for an executable at `executable`, whether or not the files exist. Pure.
Installation InstallationOf(const std::string& executable);
// Of the running executable.
const Installation& ThisInstallation();

bool FileExists(const std::string& path);

}  // namespace rankle::cli
