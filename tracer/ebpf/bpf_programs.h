// The BPF objects, loaded and attached: open -> choose programs and sizes -> load -> attach -> read events.
// Owns everything that is in the kernel; nothing is pinned, so that all of it goes when this object, or the
// process, ends. libbpf's types stay in the .cc. Not thread safe, except Set*/Remove* of maps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tracer/ebpf/memory_map.h"
#include "tracer/ebpf/wire.h"

namespace rankle::ebpf {

// Does this kernel set many uprobes of a file at once (6.6)? Else each is a perf event of its own.
bool TakesManyProbes();

struct BpfOptions {
  size_t buffer_bytes = 8 << 20;  // of the ring buffer; a power of two
  bool waits = true;        // run queue and off-CPU times: a program at every context switch of the machine
  bool each_probe = false;  // as on a kernel that does not take many at once
};

// An optional program that this kernel does not take.
struct MissingProgram {
  std::string what;  // "TCP retransmits"
  std::string why;
};

// What is missing where run queues and sleep are not told.
inline constexpr char kWaitsProgram[] = "run queue and off-CPU times";

// What running the programs has cost; zero where the kernel does not count (bpf_stats).
struct ProgramCost {
  std::string name;
  uint64_t runs = 0, run_ns = 0;
};

struct ProbedFunction {
  uint64_t file_offset = 0;
  rankle_cookie cookie = {};
};

struct FailedProbe {
  uint64_t file_offset = 0;
  std::string why;
};

class BpfPrograms {
 public:
  // Errors say what is missing: privilege, BPF in the kernel, uprobes.
  static absl::StatusOr<std::unique_ptr<BpfPrograms>> Load(const BpfOptions& options);
  ~BpfPrograms();

  // Probes functions of a file; `path` leads to the very file (/proc/PID/map_files/...). All processes that
  // use the file run into the probes, those in the target table are looked at. Returns those that cannot be
  // probed: some first instructions the kernel cannot step over.
  std::vector<FailedProbe> AttachFunctions(const std::string& path,
                                           const std::vector<ProbedFunction>& functions);
  // Probes the dynamic loader's report of new libraries.
  absl::Status AttachLoader(const std::string& path, uint64_t file_offset);

  absl::Status SetTarget(uint32_t process, const rankle_target& target);
  // False when the process is not a target, or no longer.
  bool Target(uint32_t process, rankle_target& target) const;
  void RemoveTarget(uint32_t process);
  absl::Status SetFault(uint32_t index, const rankle_fault& fault);
  absl::Status SetApiFaults(uint16_t api, const rankle_api_faults& faults);

  // Calls `take` for each event that there is, in the order in which they happened; waits up to `timeout_ms`
  // for the first of them.
  void Read(int timeout_ms, const std::function<void(const rankle_event& event, size_t bytes)>& take);

  // Faults that have stopped a process, for another thread than the one that calls Read. The first look after
  // a stop comes as soon as the scheduler allows.
  void ReadStops(int timeout_ms, const std::function<void(const rankle_fault_event& event)>& take);

  uint64_t Counter(uint32_t which) const;  // RANKLE_LOST_* and others
  rankle_waits Waits(uint32_t process) const;
  // Of a process that has ended: makes room.
  void ForgetWaits(uint32_t process) const;
  // Matched and fired calls of a fault, over all processes.
  rankle_count Count(uint32_t fault) const;
  // By inode of the socket.
  std::map<uint64_t, rankle_retransmits> Retransmits() const;
  std::vector<ProgramCost> Costs() const;
  const std::vector<MissingProgram>& missing() const;

 private:
  struct Kernel;
  explicit BpfPrograms(std::unique_ptr<Kernel> kernel);
  std::unique_ptr<Kernel> kernel_;
};

// The objects as they were compiled in, for tests.
struct ObjectBytes {
  const char* name;
  const unsigned char* begin;
  size_t size;
};
std::vector<ObjectBytes> CompiledObjects();

}  // namespace rankle::ebpf
