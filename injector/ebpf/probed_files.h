// The files whose functions are probed. A probe sits in a file, not in a process: every file is looked at
// once, by what it is (device and inode), whatever its path in whatever mount namespace.
#pragma once

#include <bitset>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tracer/ebpf/bpf_programs.h"
#include "tracer/ebpf/memory_map.h"

namespace rankle::ebpf {

class ProbedFiles {
 public:
  struct File {
    std::string path;         // as the first process that has it sees it
    size_t functions = 0;     // probed
    bool has_nccl = false;    // it makes communicators
    bool is_program = false;  // with NCCL or CUDA linked in
    bool stripped = false;    // a program without a full symbol table
    bool replaced = false;    // it has lost its name since it was mapped
  };

  // `aimed_at`: functions that faults need beside those that are recorded, by id.
  ProbedFiles(BpfPrograms& programs, const std::bitset<RANKLE_MAX_APIS>& aimed_at)
      : programs_(programs), aimed_at_(aimed_at) {}

  // Probes what the executable files of these mappings have, where it has not been done. Errors of single
  // files are kept as notes.
  void Probe(int pid, const std::vector<Mapping>& mappings);

  const File* Find(const FileId& id) const;
  std::vector<std::string> TakeNotes() { return std::exchange(notes_, {}); }
  size_t functions() const { return functions_; }
  // Files that were probed and have been replaced on disk since: processes that start now have another one.
  std::vector<std::string> Replaced(int pid) const;

 private:
  void ProbeFile(int pid, const Mapping& mapping, File& file);

  BpfPrograms& programs_;
  std::bitset<RANKLE_MAX_APIS> aimed_at_;
  std::map<FileId, File> files_;
  std::vector<std::string> notes_;
  size_t functions_ = 0;
};

}  // namespace rankle::ebpf
