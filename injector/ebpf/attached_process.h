// One attached process: where its code lies, its flight record, and the events of threads that wait because a
// fault holds them up. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "injector/ebpf/probed_files.h"
#include "tracer/ebpf/process_info.h"
#include "tracer/ebpf/process_recorder.h"

namespace rankle::ebpf {

struct RecordSettings {
  std::string output_dir, host;
  bool trace = true;     // write flight records
  uint32_t records = 0;  // operations kept a process
  uint64_t job_id = 0;
};

struct SeenProcess {
  ProcessInfo info;
  uint64_t attached_ns = 0, ended_ns = 0;  // CLOCK_MONOTONIC; 0 = it had not ended
  int wait_status = 0;
  size_t functions = 0;  // of NCCL and CUDA that it has, probed
};

class AttachedProcess {
 public:
  using Knowledge = std::map<FileId, LibraryKnowledge>;
  // When the stop of a thread ended; nullopt while it lasts.
  using StopEnded = std::function<std::optional<uint64_t>(uint32_t thread)>;

  // All outlive it. `refused`: looked at, and not to be recorded.
  AttachedProcess(const RecordSettings& settings, ProbedFiles& files, Knowledge& knowledge, ProcessInfo info,
                  bool refused, uint64_t now_ns);

  // Probes what its files have, and learns where its code lies.
  void Scan();
  // Makes its record, where one is wanted; why it could not, "" when all is well.
  std::string Open();

  // A call of which the kernel side tells: taken in now, or when the thread goes on.
  std::string OnCallEvent(const std::string& bytes);
  // A fault has fired. `action`: plan::Action.
  std::string OnFault(const rankle_fault_event& event, int action);
  // A stopped thread's call begins when it was continued; one that was sent another signal has survived it
  // once it does something else.
  void ReleaseHeldThreads(const StopEnded& ended);
  void OnFork(uint32_t child, uint64_t now_ns);
  // A call before which the process was ended was never entered: what is held goes.
  void OnEnd(int wait_status, uint64_t now_ns);
  // A process that moved all the time until just now gives a sign of life of that time.
  void Beat(uint64_t now_ns);

  const SeenProcess& seen() const { return seen_; }
  bool refused() const { return refused_; }
  ProcessRecorder* recorder() { return recorder_.get(); }
  const ProcessRecorder* recorder() const { return recorder_.get(); }
  record::FileHeader* header() { return writer_.is_open() ? writer_.header() : nullptr; }
  const FileId& nccl() const { return nccl_; }
  // Its rank as far as it is known by now: of the launcher's variables, or of its largest communicator.
  int32_t rank();

 private:
  // Events of a thread that wait: it is stopped before a call, or may be ended before it.
  struct HeldThread {
    bool by_stop = false;  // else: by a signal that may end the process
    std::deque<std::string> events;
  };
  std::string Apply(const rankle_event& event, std::optional<uint64_t> entered_ns);
  bool IsLibraryCode(uint64_t address) const;
  std::optional<CodePlace> PlaceOf(uint64_t address) const;

  const RecordSettings& settings_;
  ProbedFiles& files_;
  Knowledge& knowledge_;
  SeenProcess seen_;
  record::Writer writer_;
  std::unique_ptr<ProcessRecorder> recorder_;
  std::vector<Mapping> mappings_;
  std::map<uint32_t, HeldThread> held_;
  FileId nccl_;
  uint64_t moving_since_ns_ = 0;  // 0: it stands still
  bool refused_ = false;
};

}  // namespace rankle::ebpf
