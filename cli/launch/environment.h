// The environment of a job (docs/run-environment.md), built from plain values. Pure: reads no process state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"

namespace rankle::cli {

// Environment variables as a value. Entries without '=' are dropped.
class Environment {
 public:
  Environment() = default;
  explicit Environment(const char* const* entries);
  void Set(std::string_view name, std::string_view value);
  void Unset(std::string_view name);
  // Puts `value` in front of a list variable; an empty or missing variable becomes `value` alone.
  void Prepend(std::string_view name, std::string_view value, char separator);
  // nullptr when unset.
  const std::string* Find(std::string_view name) const;
  // "NAME=value", ordered by name.
  std::vector<std::string> Entries() const;

 private:
  absl::btree_map<std::string, std::string> variables_;
};

// What the processes of a job are told; empty strings and zeros mean "not set".
struct JobVariables {
  std::string output_dir;
  std::string plan_path;
  std::string control_path;
  std::string hooks_library;                // librankle.so
  std::string libc_library;                 // librankle-libc.so
  std::string profiler_library;             // librankle-nccl-profiler.so
  std::string cupti_library;                // librankle-cupti.so
  std::string python_dir;                   // of the agent in Python processes
  std::vector<std::string> python_targets;  // functions of Python at which faults are aimed
  bool trace = true;
  uint32_t records = 0;
  uint32_t sample = 0;  // every n-th operation
  uint64_t job_id = 0;
  uint64_t monotonic_start_ns = 0;
  int virtual_gpus = 0;
  std::string virtual_gpu_dir;  // the stand-ins
  std::string audit_library;    // librankle-vgpu-audit.so
};

// A process of a local launch, as torchrun tells it.
struct LocalRank {
  int rank = 0;
  int world_size = 1;
  int master_port = 0;
  // Of a job on several hosts (run --hosts); without: one host, and its loopback.
  int local_rank = -1, local_world_size = 0;
  std::string master_address = "127.0.0.1";
  std::string interface = {};  // that NCCL and Gloo are to use, unless the user said
};

// Sets the variables of the job; those of an outer rankle run that do not apply here are removed.
void SetJobVariables(const JobVariables& job, Environment& environment);
void SetLocalRank(const LocalRank& process, Environment& environment);

}  // namespace rankle::cli
