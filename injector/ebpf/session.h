// An attachment to the processes of a job, from beginning to end: finds their files, sets the probes, follows
// processes that start later, writes a flight record for each, carries out the faults of a plan. Nothing in
// the processes is changed; everything in the kernel goes with this object.
//
// One thread calls Step again and again; a second one, inside, continues processes that faults have stopped.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "injector/ebpf/continuer.h"
#include "injector/ebpf/lower.h"
#include "injector/ebpf/probed_files.h"
#include "injector/ebpf/watchdog.h"
#include "injector/plan/armed_plan.h"
#include "injector/plan/control.h"
#include "tracer/ebpf/bpf_programs.h"
#include "tracer/ebpf/process_info.h"
#include "tracer/ebpf/process_recorder.h"

namespace rankle::ebpf {

struct SessionOptions {
  std::vector<int> processes;  // to be seen, with their children from now on
  std::vector<int> launchers;  // not seen themselves, but everything they start
  std::string output_dir;
  bool trace = true;            // write flight records
  uint32_t records = 1u << 16;  // operations kept a process
  uint64_t job_id = 0;
  // Faults. The plan must outlive the session; the control page may be null.
  const plan::ArmedPlan* plan = nullptr;
  plan::ControlPage* control = nullptr;
  BpfOptions bpf;
};

struct SeenProcess {
  ProcessInfo info;
  uint64_t attached_ns = 0, ended_ns = 0;  // CLOCK_MONOTONIC; 0 = it had not ended
  int wait_status = 0;
  size_t functions = 0;  // of NCCL and CUDA that it has, probed
};

class Session {
 public:
  // Refuses, with nothing changed: processes that cannot be attached, a plan that cannot be carried out.
  static absl::StatusOr<std::unique_ptr<Session>> Start(const SessionOptions& options);
  ~Session();

  // Takes in what has happened; waits for it up to `timeout_ms`.
  void Step(int timeout_ms);
  // All processes have ended. Never, while there are launchers.
  bool all_ended() const;
  // Takes in what is left and detaches. Returns once nothing of it is in the kernel.
  void Finish();

  std::vector<SeenProcess> seen() const;
  // Grows whenever a process comes or ends.
  uint64_t changes() const { return changes_; }
  // Lines for the person at the terminal, each once.
  std::vector<std::string> TakeNotes();
  const BpfPrograms& programs() const { return *programs_; }
  size_t probed_functions() const { return files_->functions(); }
  uint64_t left_out() const;  // operations without a number
  uint64_t lost_events() const { return programs_->Counter(RANKLE_LOST_EVENTS); }

 private:
  // Events of a thread that wait: it is stopped before a call, or may be ended before it.
  struct HeldThread {
    bool by_stop = false;  // else: by a signal that may end the process
    std::deque<std::string> events;
  };
  struct Process {
    SeenProcess seen;
    rankle_target target = {};
    record::Writer writer;
    std::unique_ptr<ProcessRecorder> recorder;
    std::vector<Mapping> mappings;
    std::map<uint32_t, HeldThread> held;
    FileId nccl;
    uint64_t moving_since_ns = 0;  // 0: it stands still
    bool refused = false;          // looked at, and not to be recorded
    bool said_replaced = false;
  };

  explicit Session(const SessionOptions& options);
  absl::Status Prepare();
  absl::Status ArmFaults();
  absl::Status AddTarget(int pid);
  void OnEvent(const rankle_event& event, size_t bytes);
  void OnCallEvent(Process& process, const std::string& bytes);
  void Apply(Process& process, const rankle_event& event, std::optional<uint64_t> entered_ns);
  void OnFault(Process& process, const rankle_fault_event& event);
  void OnFork(const rankle_event& event);
  void OnExec(uint32_t pid);
  void OnEnd(uint32_t pid, const rankle_event& event);
  void ReleaseHeldThreads();
  Process* Find(uint32_t pid);
  void Scan(Process& process);
  void Open(Process& process);
  bool IsLibraryCode(const Process& process, uint64_t address) const;
  std::optional<CodePlace> PlaceOf(const Process& process, uint64_t address) const;
  void Continue(uint32_t pid);
  void Housekeeping(uint64_t now_ns);
  void WriteKernelLines(uint64_t now_ns);
  void Beat(Process& process, uint64_t now_ns);
  void NoteLostEvents();
  void UpdateControl();
  void Note(const std::string& text);

  SessionOptions options_;
  std::optional<Watchdog> watchdog_;
  std::unique_ptr<BpfPrograms> programs_;
  std::unique_ptr<ProbedFiles> files_;
  std::vector<LoweredFault> faults_;
  std::unique_ptr<Continuer> continuer_;
  std::map<FileId, LibraryKnowledge> knowledge_;
  std::map<FileId, uint64_t> learning_since_;
  std::map<uint32_t, std::unique_ptr<Process>> processes_;
  std::vector<SeenProcess> ended_;  // and those that another program took the place of
  std::vector<std::string> notes_;
  std::set<std::string> noted_;
  std::string host_;
  uint64_t next_housekeeping_ns_ = 0, next_lines_ns_ = 0;
  uint64_t left_out_ = 0, recorded_losses_ = 0, changes_ = 0;
  bool hold_ = false;
  bool finished_ = false;
};

}  // namespace rankle::ebpf
