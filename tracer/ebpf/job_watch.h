// What the kernel tells of an attached job, beside its calls: waiting for cores, disks, memory and quota of
// each rank, and the connections between ranks. Written as
//   kernel.json   sums since the job was attached to, each second anew: for facts and rules (the tables
//                 kernel_ranks, kernel_links and kernel_waits of docs/schema.md)
//   kernel.jsonl  one line a process and second: for people
// Looks at processes and connections cost time: each kind takes a fiftieth of it at most, or comes less
// often. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tracer/ebpf/bpf_programs.h"
#include "tracer/ebpf/job_sockets.h"
#include "tracer/kernel/process_counters.h"
#include "tracer/kernel/sampler.h"

namespace rankle::ebpf {

class JobWatch {
 public:
  struct Options {
    std::string output_dir;
    bool waits = true;  // the kernel side counts them; else /proc is read
    bool sums = true;   // kernel.json: not where `rankle run` writes it
  };
  // `programs` outlives it.
  JobWatch(const BpfPrograms& programs, Options options);

  // A process of the job, or one that is known: which rank is it by now? -1 = unknown.
  void Add(uint32_t pid, int rank, uint64_t now_ns);
  void OnEnd(uint32_t pid, uint64_t now_ns);
  // Looks at what is due.
  void Step(uint64_t now_ns);
  // Writes what is known. Not before the first Add.
  void Write(uint64_t now_ns);
  std::vector<std::string> TakeNotes();

 private:
  struct Process {
    int rank = -1;
    bool main = false;  // the first of its rank: loaders and the like come later
    double first_cpu_s = 0, first_core_wait_s = 0;
    uint64_t first_major_faults = 0;
    kernel::GroupPaths groups;
  };
  double Seconds(uint64_t now_ns) const { return static_cast<double>(now_ns - begin_ns_) * 1e-9; }
  kernel::ProcessCounters Counters(uint32_t pid) const;
  rankle_waits WaitsOf(int rank) const;
  void LookAtRank(uint32_t pid, const Process& process, uint64_t now_ns);
  void WriteSums(uint64_t now_ns);
  void WriteLines(uint64_t now_ns);

  const BpfPrograms& programs_;
  const Options options_;
  uint64_t begin_ns_ = 0;  // 0: nothing is attached yet
  uint64_t next_sockets_ns_ = 0, next_ranks_ns_ = 0, next_write_ns_ = 0;
  std::map<uint32_t, Process> processes_;
  std::map<int, rankle_waits> ended_;  // what ended processes leave in the sums of their rank
  JobSockets sockets_;
  kernel::RankSums ranks_;
  std::vector<std::string> notes_;
};

}  // namespace rankle::ebpf
