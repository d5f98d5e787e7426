// What /proc tells of a process: who it is in its job, and whether it can be attached at all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tracer/ebpf/memory_map.h"

namespace rankle::ebpf {

struct ProcessInfo {
  int pid = 0, parent = 0;
  int32_t rank = -1, world_size = -1, local_rank = -1, local_world_size = -1;  // of the launcher's variables
  uint64_t job_id = 0;                                                         // RANKLE_JOB_ID, 0 = none
  std::string command;
};

// Rank and size by the variables of the launchers (docs/run-environment.md). `environment`: NUL between
// entries. Pure.
void ReadLauncherVariables(std::string_view environment, ProcessInfo& info);

// Errors: there is no such process, it is not ours to look at, a kernel thread, a 32-bit program, or already
// traced.
absl::StatusOr<ProcessInfo> LookAtProcess(int pid);

// Empty when the process has ended.
std::vector<Mapping> MappingsOf(int pid);
// The very file behind a mapping, also one that was replaced on disk or lies in another mount namespace.
std::string PathOfMapping(int pid, const Mapping& mapping);

// State letter of /proc/PID/stat: R S D T t Z X; '\0' when it has ended.
char StateOf(int pid);
// What is readable of `bytes` at `address`, from the beginning.
std::string ReadMemoryOf(int pid, uint64_t address, size_t bytes);
// Inodes of its sockets.
std::vector<uint64_t> SocketsOf(int pid);
// The processes below it, itself left out.
std::vector<int> DescendantsOf(int pid);
// Does this program run in a pid namespace of its own, where pids are not those that the kernel side sees?
bool InOwnPidNamespace();

}  // namespace rankle::ebpf
