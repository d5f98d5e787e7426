// An attachment to the processes of a job, from beginning to end: finds their files, sets the probes, follows
// processes that start later, writes a flight record for each, carries out the faults of a plan. Nothing in
// the processes is changed; everything in the kernel goes with this object.
//
// One thread calls Step again and again; a second one, inside, continues processes that faults have stopped.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "injector/ebpf/armed_faults.h"
#include "injector/ebpf/attached_process.h"
#include "injector/ebpf/probed_files.h"
#include "injector/ebpf/watchdog.h"
#include "injector/plan/armed_plan.h"
#include "injector/plan/control.h"
#include "tracer/ebpf/bpf_programs.h"
#include "tracer/ebpf/job_watch.h"

namespace rankle::ebpf {

struct SessionOptions {
  std::vector<int> processes;  // to be seen, with their children from now on
  std::vector<int> children;   // that they have already: one that has ended meanwhile is passed over
  std::vector<int> launchers;  // not seen themselves, but everything they start
  std::string output_dir;
  bool trace = true;            // write flight records
  uint32_t records = 1u << 16;  // operations kept a process
  uint64_t job_id = 0;
  bool kernel_sums = true;  // kernel.json: not where `rankle run` writes it
  // Faults. The plan must outlive the session; the control page may be null.
  const plan::ArmedPlan* plan = nullptr;
  plan::ControlPage* control = nullptr;
  BpfOptions bpf;
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
  explicit Session(const SessionOptions& options);
  absl::Status Prepare();
  absl::Status AddTarget(int pid, bool named);
  rankle_target TargetFor(const ProcessInfo& info, uint64_t start_ns) const;
  void OnEvent(const rankle_event& event, size_t bytes);
  void OnFork(const rankle_event& event);
  void OnExec(uint32_t pid);
  void OnEnd(uint32_t pid, const rankle_event& event);
  AttachedProcess* Find(uint32_t pid);
  void Housekeeping(uint64_t now_ns);
  void SayReplacedFiles();
  void NoteLostEvents();
  void Note(const std::string& text);

  SessionOptions options_;
  RecordSettings settings_;
  std::optional<Watchdog> watchdog_;
  std::unique_ptr<BpfPrograms> programs_;
  std::unique_ptr<ProbedFiles> files_;
  ArmedFaults faults_;
  std::unique_ptr<JobWatch> watch_;
  AttachedProcess::Knowledge knowledge_;
  std::map<FileId, uint64_t> learning_since_;
  std::map<uint32_t, std::unique_ptr<AttachedProcess>> processes_;
  std::vector<SeenProcess> ended_;  // and those that another program took the place of
  std::vector<std::string> notes_;
  std::set<std::string> noted_;
  std::set<uint32_t> replaced_;  // processes of which it was said
  uint64_t next_housekeeping_ns_ = 0, next_file_look_ns_ = 0;
  uint64_t left_out_ = 0, recorded_losses_ = 0, changes_ = 0;
  bool hold_ = false;
  bool finished_ = false;
};

}  // namespace rankle::ebpf
