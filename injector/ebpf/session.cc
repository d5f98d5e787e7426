#include "injector/ebpf/session.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tracer/files/identity.h"

namespace rankle::ebpf {
namespace {

using files::MonotonicNs;

constexpr uint64_t kMillisecond = 1'000'000;
// Heartbeats and the numbering of operations: often enough that a stopped process is seen to be one (the
// analyzer waits 1.5 s) and that a hang soon after attaching finds its operations numbered.
constexpr uint64_t kHousekeepingNs = 20 * kMillisecond;
// Whether files were replaced: it is said to a person.
constexpr uint64_t kFileLookNs = 1000 * kMillisecond;
// Processes that have not told their rank by now have none to tell.
constexpr uint64_t kLearningNs = 2000 * kMillisecond;

std::string HostName() {
  char name[64] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

void Continue(uint32_t pid) { kill(static_cast<pid_t>(pid), SIGCONT); }

bool Misses(const BpfPrograms& programs, const char* what) {
  return std::any_of(programs.missing().begin(), programs.missing().end(),
                     [&](const MissingProgram& missing) { return missing.what == what; });
}

}  // namespace

Session::Session(const SessionOptions& options)
    : options_(options),
      settings_{.output_dir = options.output_dir,
                .host = HostName(),
                .trace = options.trace,
                .records = options.records,
                .job_id = options.job_id} {}

absl::StatusOr<std::unique_ptr<Session>> Session::Start(const SessionOptions& options) {
  std::unique_ptr<Session> session(new Session(options));
  if (absl::Status status = session->Prepare(); !status.ok()) return status;
  return session;
}

// In this order: what may be refused, then what must be there before the first process is stopped, then the
// processes.
absl::Status Session::Prepare() {
  if (InOwnPidNamespace())
    return absl::FailedPreconditionError(
        "this is a pid namespace of its own (a container): attach from the host, whose pids the kernel side "
        "sees");
  for (const int pid : options_.processes) {
    absl::StatusOr<ProcessInfo> info = LookAtProcess(pid);
    if (!info.ok()) return info.status();
  }
  if (absl::Status status = faults_.Lower(options_.plan, options_.control); !status.ok()) return status;
  // A process is held for a moment when another program or library is loaded, where the very first call
  // counts.
  hold_ = !options_.launchers.empty() || !faults_.empty();
  if (hold_) {
    absl::StatusOr<Watchdog> watchdog = Watchdog::Start();
    if (!watchdog.ok()) return watchdog.status();
    watchdog_.emplace(*std::move(watchdog));
  }
  absl::StatusOr<std::unique_ptr<BpfPrograms>> programs = BpfPrograms::Load(options_.bpf);
  if (!programs.ok()) return programs.status();
  programs_ = *std::move(programs);
  for (const MissingProgram& missing : programs_->missing())
    Note(absl::StrCat("not seen on this kernel: ", missing.what, " (", missing.why, ")"));
  const bool waits = options_.bpf.waits && !Misses(*programs_, kWaitsProgram);
  watch_ = std::make_unique<JobWatch>(
      *programs_,
      JobWatch::Options{.output_dir = options_.output_dir, .waits = waits, .sums = options_.kernel_sums});

  if (absl::Status status = faults_.Arm(*programs_); !status.ok()) return status;
  files_ = std::make_unique<ProbedFiles>(*programs_, faults_.aimed_at());
  for (const int pid : options_.processes) {
    if (absl::Status status = AddTarget(pid, /*named=*/true); !status.ok()) return status;
  }
  for (const int pid : options_.children) {
    const absl::Status status = AddTarget(pid, /*named=*/false);
    if (!status.ok() && StateOf(pid) != '\0' && StateOf(pid) != 'Z') return status;
  }
  for (const int pid : options_.launchers) {
    rankle_target target = {};
    target.rank = -1, target.follow_only = 1, target.hold = hold_;
    if (absl::Status status = programs_->SetTarget(static_cast<uint32_t>(pid), target); !status.ok())
      return status;
  }
  return absl::OkStatus();
}

rankle_target Session::TargetFor(const ProcessInfo& info, uint64_t start_ns) const {
  rankle_target target = {};
  target.rank = info.rank, target.hold = hold_, target.start_ns = start_ns;
  target.faults = faults_.For(info, settings_.host);
  return target;
}

absl::Status Session::AddTarget(int pid, bool named) {
  absl::StatusOr<ProcessInfo> info = LookAtProcess(pid);
  if (!info.ok()) return info.status();
  const uint64_t now = MonotonicNs();
  const rankle_target target = TargetFor(*info, now);
  const int rank = info->rank;
  auto process = std::make_unique<AttachedProcess>(settings_, *files_, knowledge_, *std::move(info),
                                                   /*refused=*/false, now);
  if (watchdog_) watchdog_->Add(static_cast<uint32_t>(pid));
  process->Scan();
  if (named && process->seen().functions == 0)
    Note(absl::StrCat("process ", pid,
                      ": no function of NCCL or CUDA found in its files: they are not loaded yet, or linked "
                      "into a program whose symbols were stripped"));
  Note(process->Open());
  watch_->Add(static_cast<uint32_t>(pid), rank, now);
  if (absl::Status status = programs_->SetTarget(static_cast<uint32_t>(pid), target); !status.ok())
    return status;
  processes_[static_cast<uint32_t>(pid)] = std::move(process);
  return absl::OkStatus();
}

Session::~Session() {
  if (!finished_) Finish();
}

void Session::Note(const std::string& text) {
  if (!text.empty() && noted_.insert(text).second) notes_.push_back(text);
}

std::vector<std::string> Session::TakeNotes() {
  for (const std::string& note : files_->TakeNotes()) Note(note);
  for (const std::string& note : watch_->TakeNotes()) Note(note);
  return std::exchange(notes_, {});
}

AttachedProcess* Session::Find(uint32_t pid) {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? nullptr : found->second.get();
}

void Session::OnFork(const rankle_event& event) {
  const auto child = static_cast<uint32_t>(event.value);
  if (watchdog_) watchdog_->Add(child);
  AttachedProcess* const parent = Find(event.process);
  if (parent == nullptr) return;
  parent->OnFork(child, event.time_ns);
  watch_->Add(child, parent->rank(), event.time_ns);
}

// A program took the place of another, or a process is heard of for the first time.
void Session::OnExec(uint32_t pid) {
  if (const auto old = processes_.find(pid); old != processes_.end()) {
    left_out_ += old->second->recorder() == nullptr ? 0 : old->second->recorder()->left_out();
    processes_.erase(old);
  }
  absl::StatusOr<ProcessInfo> looked = LookAtProcess(static_cast<int>(pid));
  const bool refused = !looked.ok();
  ProcessInfo info = looked.ok() ? *std::move(looked) : ProcessInfo{};
  info.pid = static_cast<int>(pid);
  const uint64_t now = MonotonicNs();
  // It may have ended meanwhile; then it must not come back into the table.
  rankle_target inherited = {};
  if (programs_->Target(pid, inherited)) programs_->SetTarget(pid, TargetFor(info, now)).IgnoreError();
  if (!refused) watch_->Add(pid, info.rank, now);
  auto process =
      std::make_unique<AttachedProcess>(settings_, *files_, knowledge_, std::move(info), refused, now);
  if (!refused) process->Scan();
  ++changes_;
  processes_[pid] = std::move(process);
}

void Session::OnEnd(uint32_t pid, const rankle_event& event) {
  if (watchdog_) watchdog_->Remove(pid);
  watch_->OnEnd(pid, event.time_ns);
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return;
  NoteLostEvents();
  AttachedProcess& process = *found->second;
  process.OnEnd(static_cast<int>(event.value), event.time_ns);
  left_out_ += process.recorder() == nullptr ? 0 : process.recorder()->left_out();
  ended_.push_back(process.seen());
  ++changes_;
  processes_.erase(found);
}

void Session::OnEvent(const rankle_event& event, size_t bytes) {
  switch (event.kind) {
    case RANKLE_EVENT_FORK:
      return OnFork(event);
    case RANKLE_EVENT_END:
      return OnEnd(event.process, event);
    case RANKLE_EVENT_EXEC:
      OnExec(event.process);
      if (event.held) Continue(event.process);
      return;
    case RANKLE_EVENT_LIBRARY:
      if (AttachedProcess* const process = Find(event.process); process != nullptr && !process->refused())
        process->Scan();
      if (event.held) Continue(event.process);
      return;
    default:
      break;
  }
  AttachedProcess* process = Find(event.process);
  const bool begins =
      event.kind == RANKLE_EVENT_ENTER || event.kind == RANKLE_EVENT_FAULT || event.kind == RANKLE_EVENT_NAME;
  if (process == nullptr && begins) {
    OnExec(event.process);  // a fork that goes on with its parent's program
    process = Find(event.process);
  }
  if (process == nullptr || process->refused()) return;
  if (event.kind == RANKLE_EVENT_FAULT) {
    const auto& fault = reinterpret_cast<const rankle_fault_event&>(event);
    Note(process->OnFault(fault, faults_.ActionOf(fault.fault)));
  } else if (begins || event.kind == RANKLE_EVENT_RETURN) {
    Note(process->OnCallEvent(std::string(reinterpret_cast<const char*>(&event), bytes)));
  }
}

void Session::Step(int timeout_ms) {
  programs_->Read(timeout_ms, [this](const rankle_event& event, size_t bytes) { OnEvent(event, bytes); });
  for (auto& [pid, process] : processes_)
    process->ReleaseHeldThreads([&, id = pid](uint32_t thread) { return faults_.StopEnded(id, thread); });
  const uint64_t now = MonotonicNs();
  const bool has_new = std::any_of(processes_.begin(), processes_.end(), [](const auto& process) {
    return process.second->recorder() != nullptr && process.second->recorder()->has_new();
  });
  if (has_new || now >= next_housekeeping_ns_) Housekeeping(now);
  if (now >= next_file_look_ns_) SayReplacedFiles(), next_file_look_ns_ = now + kFileLookNs;
  if (options_.trace) watch_->Step(now);
}

void Session::Housekeeping(uint64_t now_ns) {
  next_housekeeping_ns_ = now_ns + kHousekeepingNs;
  // Which libraries are still to be told about by a process.
  std::set<FileId> awaited;
  for (auto& [pid, process] : processes_) {
    if (process->recorder() != nullptr && !process->recorder()->has_told()) awaited.insert(process->nccl());
  }
  for (auto& [pid, process] : processes_) {
    if (process->recorder() == nullptr) continue;
    const uint64_t since = learning_since_.try_emplace(process->nccl(), now_ns).first->second;
    LibraryKnowledge& knowledge = knowledge_[process->nccl()];
    knowledge.final |= now_ns - since > kLearningNs || !awaited.contains(process->nccl());
    process->recorder()->Tick();
    process->Beat(now_ns);
    watch_->Add(pid, process->rank(), now_ns);
  }
  NoteLostEvents();
  faults_.UpdateControl();
}

// The kernel side does not tell whose they were: the sum stands in one record, so that a job's is right.
void Session::NoteLostEvents() {
  const uint64_t lost = lost_events();
  for (auto& [pid, process] : processes_) {
    if (lost == recorded_losses_ || process->header() == nullptr) continue;
    process->header()->dropped.fetch_add(lost - recorded_losses_);
    recorded_losses_ = lost;
  }
}

void Session::SayReplacedFiles() {
  for (auto& [pid, process] : processes_) {
    if (process->header() == nullptr || replaced_.contains(pid)) continue;
    for (const std::string& path : files_->Replaced(static_cast<int>(pid))) {
      replaced_.insert(pid);
      Note(
          absl::StrCat(path, ": was replaced while process ", pid,
                       " uses it: this process is seen as before, others with the new file when they start"));
    }
  }
}

bool Session::all_ended() const { return options_.launchers.empty() && processes_.empty(); }

std::vector<SeenProcess> Session::seen() const {
  std::vector<SeenProcess> all = ended_;
  for (const auto& [pid, process] : processes_) {
    if (!process->refused()) all.push_back(process->seen());
  }
  return all;
}

uint64_t Session::left_out() const {
  uint64_t sum = left_out_;
  for (const auto& [pid, process] : processes_)
    sum += process->recorder() == nullptr ? 0 : std::as_const(*process).recorder()->left_out();
  return sum;
}

void Session::Finish() {
  if (finished_) return;
  finished_ = true;
  if (programs_ == nullptr) return;
  faults_.UpdateControl();
  // Nothing begins any more; what was decided just now is still heard of.
  for (const int pid : options_.launchers) programs_->RemoveTarget(static_cast<uint32_t>(pid));
  for (const auto& [pid, process] : processes_) programs_->RemoveTarget(pid);
  constexpr int kLastMs = 20;
  Step(kLastMs);
  faults_.EndStops();  // continues what is stopped
  Step(0);
  if (options_.trace) watch_->Write(MonotonicNs());
}

}  // namespace rankle::ebpf
