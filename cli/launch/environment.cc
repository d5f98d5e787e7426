#include "cli/launch/environment.h"

#include "absl/strings/str_join.h"
#include "cli/launch/post_mortem.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

void SetOrUnset(std::string_view name, bool set, std::string_view value, Environment& environment) {
  if (set) {
    environment.Set(name, value);
  } else {
    environment.Unset(name);
  }
}

}  // namespace

Environment::Environment(const char* const* entries) {
  for (; entries != nullptr && *entries != nullptr; ++entries) {
    const std::string_view entry(*entries);
    const size_t equals = entry.find('=');
    if (equals != std::string_view::npos && equals > 0)
      Set(entry.substr(0, equals), entry.substr(equals + 1));
  }
}

void Environment::Set(std::string_view name, std::string_view value) {
  variables_[std::string(name)] = std::string(value);
}

void Environment::Unset(std::string_view name) { variables_.erase(std::string(name)); }

void Environment::Prepend(std::string_view name, std::string_view value, char separator) {
  const std::string* old = Find(name);
  if (old == nullptr || old->empty()) {
    Set(name, value);
  } else {
    Set(name, std::string(value) + separator + *old);
  }
}

const std::string* Environment::Find(std::string_view name) const {
  const auto it = variables_.find(std::string(name));
  return it == variables_.end() ? nullptr : &it->second;
}

std::vector<std::string> Environment::Entries() const {
  std::vector<std::string> entries;
  entries.reserve(variables_.size());
  for (const auto& [name, value] : variables_) entries.push_back(Cat(name, "=", value));
  return entries;
}

void SetJobVariables(const JobVariables& job, Environment& environment) {
  environment.Set("RANKLE_OUT", job.output_dir);
  environment.Set("RANKLE_JOB_ID", Cat(absl::Hex(job.job_id, absl::kZeroPad16)));
  environment.Set("RANKLE_MONOTONIC_START", Cat(job.monotonic_start_ns));
  SetOrUnset("RANKLE_PLAN", !job.plan_path.empty(), job.plan_path, environment);
  SetOrUnset("RANKLE_CONTROL", !job.control_path.empty(), job.control_path, environment);
  SetOrUnset("RANKLE_TRACE", !job.trace, "0", environment);
  SetOrUnset("RANKLE_SAMPLE", job.sample > 0, Cat(job.sample), environment);
  if (job.records > 0) environment.Set("RANKLE_RECORDS", Cat(job.records));
  if (!job.hooks_library.empty()) {
    environment.Prepend("LD_PRELOAD", job.hooks_library, ':');
    // NVTX ranges named step* mark training steps, unless the user's own profiler wants the ranges.
    if (environment.Find("NVTX_INJECTION64_PATH") == nullptr)
      environment.Set("NVTX_INJECTION64_PATH", job.hooks_library);
  }
  // In front of librankle.so, which stands in front of fork and throw, too, and goes on to the next.
  if (!job.libc_library.empty()) environment.Prepend("LD_PRELOAD", job.libc_library, ':');
  // NCCL loads one profiler plugin: the user's goes first.
  if (!job.profiler_library.empty() && environment.Find("NCCL_PROFILER_PLUGIN") == nullptr)
    environment.Set("NCCL_PROFILER_PLUGIN", job.profiler_library);
  if (job.trace) SetPostMortemVariables(job.output_dir, environment);
  // Python takes the list apart at colons; there is no way to write one.
  if (!job.python_dir.empty() && job.python_dir.find(':') == std::string::npos)
    environment.Prepend("PYTHONPATH", job.python_dir, ':');
  SetOrUnset("RANKLE_PYTHON_TARGETS", !job.python_targets.empty(), absl::StrJoin(job.python_targets, ";"),
             environment);
  if (!job.cupti_library.empty()) environment.Set("CUDA_INJECTION64_PATH", job.cupti_library);
  if (job.virtual_gpus > 0) {
    environment.Set("RANKLE_VIRTUAL_GPUS", Cat(job.virtual_gpus));
    environment.Set("RANKLE_VGPU_LIB_DIR", job.virtual_gpu_dir);
    environment.Prepend("LD_LIBRARY_PATH", job.virtual_gpu_dir, ':');
    environment.Prepend("PYTHONPATH", job.virtual_gpu_dir + "/python",
                        ':');  // values that PyTorch reads back
    if (!job.audit_library.empty()) environment.Prepend("LD_AUDIT", job.audit_library, ':');
  }
}

void SetLocalRank(const LocalRank& process, Environment& environment) {
  const bool one_host = process.local_rank < 0;
  environment.Set("RANK", Cat(process.rank));
  environment.Set("WORLD_SIZE", Cat(process.world_size));
  environment.Set("LOCAL_RANK", Cat(one_host ? process.rank : process.local_rank));
  environment.Set("LOCAL_WORLD_SIZE", Cat(one_host ? process.world_size : process.local_world_size));
  environment.Set("MASTER_ADDR", process.master_address);
  for (const char* name : {"NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME"}) {
    if (!process.interface.empty() && environment.Find(name) == nullptr)
      environment.Set(name, process.interface);
  }
  environment.Set("MASTER_PORT", Cat(process.master_port));
}

}  // namespace rankle::cli
