#include "injector/ebpf/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "injector/plan/decide.h"
#include "tracer/ebpf/probes.h"
#include "tracer/files/identity.h"

namespace rankle::ebpf {
namespace {

using files::MonotonicNs;

constexpr uint64_t kMillisecond = 1'000'000;
// Heartbeats and the numbering of operations: often enough that a stopped process is seen to be one (the
// analyzer waits 1.5 s) and that a hang soon after attaching finds its operations numbered.
constexpr uint64_t kHousekeepingNs = 20 * kMillisecond;
constexpr uint64_t kKernelLinesNs = 1000 * kMillisecond;
// A stopped process that is killed runs for its last moments: that is no sign of life.
constexpr uint64_t kSettledNs = 200 * kMillisecond;
// Processes that have not told their rank by now have none to tell.
constexpr uint64_t kLearningNs = 2000 * kMillisecond;

uint64_t RealtimeNs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

std::string HostName() {
  char name[64] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

template <typename Event>
Event CopyOf(const std::string& bytes) {
  Event event = {};
  memcpy(&event, bytes.data(), std::min(bytes.size(), sizeof(event)));
  return event;
}

}  // namespace

Session::Session(const SessionOptions& options) : options_(options), host_(HostName()) {}

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
  if (options_.plan != nullptr && options_.plan->size() > 0) {
    absl::StatusOr<std::vector<LoweredFault>> faults = LowerPlan(*options_.plan);
    if (!faults.ok()) return faults.status();
    faults_ = *std::move(faults);
  }
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

  if (absl::Status status = ArmFaults(); !status.ok()) return status;
  for (const int pid : options_.processes) {
    if (absl::Status status = AddTarget(pid); !status.ok()) return status;
  }
  for (const int pid : options_.launchers) {
    rankle_target target = {};
    target.rank = -1, target.follow_only = 1, target.hold = hold_;
    if (absl::Status status = programs_->SetTarget(static_cast<uint32_t>(pid), target); !status.ok())
      return status;
  }
  return absl::OkStatus();
}

absl::Status Session::ArmFaults() {
  std::bitset<RANKLE_MAX_APIS> aimed_at;
  std::map<uint16_t, rankle_api_faults> by_api;
  for (size_t i = 0; i < faults_.size(); ++i) {
    if (absl::Status status = programs_->SetFault(static_cast<uint32_t>(i), faults_[i].kernel); !status.ok())
      return status;
    for (const uint16_t api : faults_[i].apis) {
      aimed_at.set(api);
      const auto [found, added] = by_api.try_emplace(api, ArgumentsForFaults(*api::FindApi(api)));
      found->second.faults |= uint32_t{1} << i;
    }
  }
  for (const auto& [api, faults] : by_api) {
    if (absl::Status status = programs_->SetApiFaults(api, faults); !status.ok()) return status;
  }
  files_ = std::make_unique<ProbedFiles>(*programs_, aimed_at);
  if (faults_.empty()) return absl::OkStatus();
  continuer_ = std::make_unique<Continuer>(Continuer::Stops{
      .read = [this](int timeout_ms, const auto& take) { programs_->ReadStops(timeout_ms, take); },
      .length_ns =
          [this](const rankle_fault_event& event) {
            rankle_target target = {};
            if (!programs_->Target(event.event.process, target)) target.rank = -1;
            return plan::TimeOf(*options_.plan, event.fault, target.rank, event.event.value);
          },
      .released =
          [this](uint32_t fault) {
            const plan::ControlPage* const page = options_.control;
            return page != nullptr && (page->stop.load() != 0 || page->faults[fault].released.load() != 0);
          },
      .resume = [](uint32_t pid) { kill(static_cast<pid_t>(pid), SIGCONT); },
      .now = MonotonicNs});
  return absl::OkStatus();
}

absl::Status Session::AddTarget(int pid) {
  absl::StatusOr<ProcessInfo> info = LookAtProcess(pid);
  if (!info.ok()) return info.status();
  auto process = std::make_unique<Process>();
  process->seen.info = *std::move(info);
  process->seen.attached_ns = MonotonicNs();
  rankle_target& target = process->target;
  target.rank = process->seen.info.rank;
  target.hold = hold_;
  target.start_ns = process->seen.attached_ns;
  if (!faults_.empty())
    target.faults = FaultsFor(*options_.plan, target.rank, process->seen.info.local_rank, host_);
  if (watchdog_) watchdog_->Add(static_cast<uint32_t>(pid));
  Scan(*process);
  if (process->seen.functions == 0)
    Note(absl::StrCat("process ", pid,
                      ": no function of NCCL or CUDA found in its files: they are not loaded yet, or linked "
                      "into a program whose symbols were stripped"));
  Open(*process);
  if (absl::Status status = programs_->SetTarget(static_cast<uint32_t>(pid), target); !status.ok())
    return status;
  processes_[static_cast<uint32_t>(pid)] = std::move(process);
  return absl::OkStatus();
}

Session::~Session() {
  if (!finished_) Finish();
}

void Session::Note(const std::string& text) {
  if (noted_.insert(text).second) notes_.push_back(text);
}

std::vector<std::string> Session::TakeNotes() {
  for (const std::string& note : files_->TakeNotes()) Note(note);
  return std::exchange(notes_, {});
}

// Probes what its files have, and learns where its code lies.
void Session::Scan(Process& process) {
  const int pid = process.seen.info.pid;
  process.mappings = MappingsOf(pid);
  files_->Probe(pid, process.mappings);
  process.seen.functions = 0;
  std::set<FileId> counted;
  for (const Mapping& mapping : process.mappings) {
    const ProbedFiles::File* const file = files_->Find(mapping.file);
    if (file == nullptr || file->functions == 0 || !counted.insert(mapping.file).second) continue;
    process.seen.functions += file->functions;
    if (file->has_nccl) process.nccl = mapping.file;
  }
}

// Makes the record of a process, where it is wanted.
void Session::Open(Process& process) {
  if (process.writer.is_open() || process.refused || !options_.trace) return;
  const ProcessInfo& info = process.seen.info;
  const std::string command = info.command.substr(0, 255);
  record::ProcessIdentity identity;
  identity.rank = info.rank, identity.world_size = info.world_size;
  identity.local_rank = info.local_rank, identity.local_world_size = info.local_world_size;
  identity.pid = info.pid, identity.parent_pid = info.parent;
  identity.job_id = options_.job_id;
  identity.monotonic_ns = MonotonicNs(), identity.realtime_ns = RealtimeNs();
  identity.host = host_.c_str(), identity.command = command.c_str();
  record::WriterOptions writer_options;
  writer_options.record_capacity = options_.records;
  const std::string path =
      absl::StrFormat("%s/flight-%d-%d.rkl", options_.output_dir, info.pid, identity.monotonic_ns);
  if (const int error = process.writer.Create(path.c_str(), writer_options, identity); error != 0) {
    process.refused = true;
    Note(absl::StrCat("process ", info.pid, ": not recorded: ", path, ": ", strerror(error)));
    return;
  }
  const int pid = info.pid;
  Process* const self = &process;
  ProcessAccess access{
      .read = [pid](uint64_t address, size_t bytes) { return ReadMemoryOf(pid, address, bytes); },
      .now = MonotonicNs,
      .place_of = [this, self](uint64_t address) { return PlaceOf(*self, address); }};
  process.recorder = std::make_unique<ProcessRecorder>(process.writer, knowledge_[process.nccl],
                                                       std::move(access), info.rank, info.world_size);
  process.recorder->OnLifecycle(record::LifecycleEvent::kStart, 0, identity.monotonic_ns);
  process.writer.header()->heartbeat_ns.store(identity.monotonic_ns);
}

std::optional<CodePlace> Session::PlaceOf(const Process& process, uint64_t address) const {
  for (const Mapping& mapping : process.mappings) {
    if (address >= mapping.begin && address < mapping.end)
      return CodePlace{mapping.path, address - mapping.begin + mapping.offset};
  }
  return std::nullopt;
}

// Calls that NCCL and CUDA make of each other, from threads of their own, are not the program's.
bool Session::IsLibraryCode(const Process& process, uint64_t address) const {
  for (const Mapping& mapping : process.mappings) {
    if (address < mapping.begin || address >= mapping.end) continue;
    const ProbedFiles::File* const file = files_->Find(mapping.file);
    return file != nullptr && file->functions > 0 && !file->is_program;
  }
  return false;
}

Session::Process* Session::Find(uint32_t pid) {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? nullptr : found->second.get();
}

void Session::Continue(uint32_t pid) { kill(static_cast<pid_t>(pid), SIGCONT); }

void Session::OnFork(const rankle_event& event) {
  const auto child = static_cast<uint32_t>(event.value);
  if (watchdog_) watchdog_->Add(child);
  if (Process* const parent = Find(event.process); parent != nullptr && parent->recorder != nullptr)
    parent->recorder->OnLifecycle(record::LifecycleEvent::kForkParent, child, event.time_ns);
}

// A program took the place of another, or a process is heard of for the first time.
void Session::OnExec(uint32_t pid) {
  if (const auto old = processes_.find(pid); old != processes_.end()) {
    left_out_ += old->second->recorder == nullptr ? 0 : old->second->recorder->left_out();
    processes_.erase(old);
  }
  auto process = std::make_unique<Process>();
  absl::StatusOr<ProcessInfo> info = LookAtProcess(static_cast<int>(pid));
  process->refused = !info.ok();
  process->seen.info.pid = static_cast<int>(pid);
  if (info.ok()) process->seen.info = *std::move(info);
  process->seen.attached_ns = MonotonicNs();
  rankle_target& target = process->target;
  target.rank = process->seen.info.rank, target.hold = hold_, target.start_ns = process->seen.attached_ns;
  if (!faults_.empty())
    target.faults = FaultsFor(*options_.plan, target.rank, process->seen.info.local_rank, host_);
  // It may have ended meanwhile; then it must not come back into the table.
  rankle_target inherited = {};
  if (programs_->Target(pid, inherited)) programs_->SetTarget(pid, target).IgnoreError();
  if (!process->refused) Scan(*process);
  ++changes_;
  processes_[pid] = std::move(process);
}

void Session::OnEnd(uint32_t pid, const rankle_event& event) {
  if (watchdog_) watchdog_->Remove(pid);
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return;
  NoteLostEvents();
  Process& process = *found->second;
  // A call before which the process was ended was never entered: what is held goes.
  process.held.clear();
  process.seen.ended_ns = event.time_ns;
  process.seen.wait_status = static_cast<int>(event.value);
  if (process.recorder != nullptr) {
    if (WIFEXITED(process.seen.wait_status)) {
      const int code = WEXITSTATUS(process.seen.wait_status);
      process.recorder->OnLifecycle(record::LifecycleEvent::kExit, static_cast<uint64_t>(code),
                                    event.time_ns);
      process.writer.header()->exit_status.store(code);
      process.writer.header()->ended.store(1);
    }
    left_out_ += process.recorder->left_out();
  }
  ended_.push_back(process.seen);
  ++changes_;
  processes_.erase(found);
}

void Session::OnFault(Process& process, const rankle_fault_event& event) {
  if (process.recorder == nullptr) Open(process);
  if (process.recorder != nullptr)
    process.recorder->OnInjection(event, static_cast<int>(faults_[event.fault].action));
  HeldThread& held = process.held[event.event.thread];
  held.by_stop |= event.signal == SIGSTOP;
}

void Session::Apply(Process& process, const rankle_event& event, std::optional<uint64_t> entered_ns) {
  const api::ApiInfo* const info = api::FindApi(event.api);
  if (info == nullptr) return;
  if (event.kind == RANKLE_EVENT_NAME) {
    Open(process);
    const auto& named = reinterpret_cast<const rankle_name_event&>(event);
    if (process.recorder != nullptr)
      process.recorder->OnName(event.thread,
                               std::string(named.name, strnlen(named.name, sizeof(named.name))));
  } else if (event.kind == RANKLE_EVENT_ENTER) {
    const auto& enter = reinterpret_cast<const rankle_enter_event&>(event);
    if (IsLibraryCode(process, event.value)) return;
    Open(process);
    if (process.recorder != nullptr)
      process.recorder->OnEnter(Call(*info, enter), entered_ns.value_or(event.time_ns));
  } else if (process.recorder != nullptr) {
    process.recorder->OnReturn(*info, reinterpret_cast<const rankle_return_event&>(event));
  }
}

void Session::OnCallEvent(Process& process, const std::string& bytes) {
  const auto event = CopyOf<rankle_event>(bytes);
  const auto held = process.held.find(event.thread);
  if (held == process.held.end()) {
    alignas(8) char copy[sizeof(rankle_enter_event)] = {};
    memcpy(copy, bytes.data(), std::min(bytes.size(), sizeof(copy)));
    return Apply(process, *reinterpret_cast<const rankle_event*>(copy), std::nullopt);
  }
  held->second.events.push_back(bytes);
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
      if (Process* const process = Find(event.process); process != nullptr && !process->refused)
        Scan(*process);
      if (event.held) Continue(event.process);
      return;
    default:
      break;
  }
  Process* process = Find(event.process);
  const bool begins =
      event.kind == RANKLE_EVENT_ENTER || event.kind == RANKLE_EVENT_FAULT || event.kind == RANKLE_EVENT_NAME;
  if (process == nullptr && begins) {
    OnExec(event.process);  // a fork that goes on with its parent's program
    process = Find(event.process);
  }
  if (process == nullptr || process->refused) return;
  if (event.kind == RANKLE_EVENT_FAULT)
    return OnFault(*process, reinterpret_cast<const rankle_fault_event&>(event));
  if (event.kind == RANKLE_EVENT_ENTER || event.kind == RANKLE_EVENT_RETURN ||
      event.kind == RANKLE_EVENT_NAME)
    OnCallEvent(*process, std::string(reinterpret_cast<const char*>(&event), bytes));
}

// A stopped thread's call begins when it was continued; one that was sent another signal has survived it once
// it does something else.
void Session::ReleaseHeldThreads() {
  for (auto& [pid, process] : processes_) {
    for (auto it = process->held.begin(); it != process->held.end();) {
      HeldThread& held = it->second;
      std::optional<uint64_t> since;
      if (held.by_stop) since = continuer_ == nullptr ? MonotonicNs() : continuer_->Ended(pid, it->first);
      const bool over = held.by_stop ? since.has_value() : held.events.size() > 1;
      if (!over) {
        ++it;
        continue;
      }
      const std::deque<std::string> events = std::move(held.events);
      it = process->held.erase(it);
      // Of what waited, the call that comes first is the one that was held up; a stop at a return holds none
      // up.
      bool before_call = true;
      for (const std::string& bytes : events) {
        alignas(8) char copy[sizeof(rankle_enter_event)] = {};
        memcpy(copy, bytes.data(), std::min(bytes.size(), sizeof(copy)));
        const auto& event = *reinterpret_cast<const rankle_event*>(copy);
        Apply(*process, event, before_call ? since : std::nullopt);
        before_call &= event.kind == RANKLE_EVENT_NAME;
      }
    }
  }
}

void Session::Step(int timeout_ms) {
  programs_->Read(timeout_ms, [this](const rankle_event& event, size_t bytes) { OnEvent(event, bytes); });
  ReleaseHeldThreads();
  const uint64_t now = MonotonicNs();
  const bool has_new = std::any_of(processes_.begin(), processes_.end(), [](const auto& process) {
    return process.second->recorder != nullptr && process.second->recorder->has_new();
  });
  if (has_new || now >= next_housekeeping_ns_) Housekeeping(now);
  if (now >= next_lines_ns_) WriteKernelLines(now);
}

void Session::Housekeeping(uint64_t now_ns) {
  next_housekeeping_ns_ = now_ns + kHousekeepingNs;
  // Which libraries are still to be told about by a process.
  std::set<FileId> awaited;
  for (auto& [pid, process] : processes_) {
    if (process->recorder != nullptr && !process->recorder->has_told()) awaited.insert(process->nccl);
  }
  for (auto& [pid, process] : processes_) {
    if (process->recorder == nullptr) continue;
    const uint64_t since = learning_since_.try_emplace(process->nccl, now_ns).first->second;
    LibraryKnowledge& knowledge = knowledge_[process->nccl];
    knowledge.final |= now_ns - since > kLearningNs || !awaited.contains(process->nccl);
    process->recorder->Tick();
    Beat(*process, now_ns);
  }
  NoteLostEvents();
  UpdateControl();
}

// A process that moved all the time until just now gives a sign of life of that time.
void Session::Beat(Process& process, uint64_t now_ns) {
  const char state = StateOf(process.seen.info.pid);
  if (state == 'T' || state == 't' || state == 'Z' || state == '\0') {
    process.moving_since_ns = 0;
    return;
  }
  if (process.moving_since_ns == 0) process.moving_since_ns = now_ns;
  if (now_ns - process.moving_since_ns >= kSettledNs)
    process.writer.header()->heartbeat_ns.store(now_ns - kSettledNs);
}

// The kernel side does not tell whose they were: the sum stands in one record, so that a job's is right.
void Session::NoteLostEvents() {
  const uint64_t lost = lost_events();
  for (auto& [pid, process] : processes_) {
    if (lost == recorded_losses_ || !process->writer.is_open()) continue;
    process->writer.header()->dropped.fetch_add(lost - recorded_losses_);
    recorded_losses_ = lost;
  }
}

void Session::UpdateControl() {
  if (options_.control == nullptr || continuer_ == nullptr) return;
  for (size_t i = 0; i < faults_.size(); ++i) {
    const rankle_count count = programs_->Count(static_cast<uint32_t>(i));
    plan::FaultControl& page = options_.control->faults[i];
    page.matched.store(count.matched), page.fired.store(count.fired);
    page.hanging.store(continuer_->hanging(static_cast<uint32_t>(i)));
  }
}

// kernel.jsonl: totals of each process, once a second. For people and rules; the flight record has no place
// for it.
void Session::WriteKernelLines(uint64_t now_ns) {
  next_lines_ns_ = now_ns + kKernelLinesNs;
  if (!options_.trace) return;
  std::string lines;
  const std::map<uint64_t, rankle_retransmits> retransmits = programs_->Retransmits();
  for (auto& [pid, process] : processes_) {
    if (!process->writer.is_open()) continue;
    if (!process->said_replaced) {
      for (const std::string& path : files_->Replaced(static_cast<int>(pid))) {
        process->said_replaced = true;
        Note(absl::StrCat(
            path, ": was replaced while process ", pid,
            " uses it: this process is seen as before, others with the new file when they start"));
      }
    }
    uint64_t resent = 0;
    if (!retransmits.empty()) {
      for (const uint64_t inode : SocketsOf(static_cast<int>(pid))) {
        const auto found = retransmits.find(inode);
        if (found != retransmits.end()) resent += found->second.count;
      }
    }
    const rankle_waits waits = programs_->Waits(pid);
    absl::StrAppendFormat(
        &lines,
        "{\"t_ns\":%d,\"pid\":%d,\"rank\":%d,\"run_queue_ns\":%d,\"off_cpu_ns\":%d,\"switches\":%d,"
        "\"page_faults\":%d,\"tcp_retransmits\":%d}\n",
        now_ns, pid, process->seen.info.rank, waits.run_queue_ns, waits.off_cpu_ns, waits.switches,
        waits.page_faults, resent);
  }
  if (lines.empty()) return;
  const int fd = open(absl::StrCat(options_.output_dir, "/kernel.jsonl").c_str(),
                      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return;
  if (write(fd, lines.data(), lines.size()) < 0)
    Note(absl::StrCat(options_.output_dir, "/kernel.jsonl: cannot be written: ", strerror(errno)));
  close(fd);
}

bool Session::all_ended() const { return options_.launchers.empty() && processes_.empty(); }

std::vector<SeenProcess> Session::seen() const {
  std::vector<SeenProcess> all = ended_;
  for (const auto& [pid, process] : processes_) {
    if (!process->refused) all.push_back(process->seen);
  }
  return all;
}

uint64_t Session::left_out() const {
  uint64_t sum = left_out_;
  for (const auto& [pid, process] : processes_)
    sum += process->recorder == nullptr ? 0 : process->recorder->left_out();
  return sum;
}

void Session::Finish() {
  if (finished_) return;
  finished_ = true;
  if (programs_ == nullptr) return;
  UpdateControl();
  // Nothing begins any more; what was decided just now is still heard of.
  for (const int pid : options_.launchers) programs_->RemoveTarget(static_cast<uint32_t>(pid));
  for (const auto& [pid, process] : processes_) programs_->RemoveTarget(pid);
  constexpr int kLastMs = 20;
  Step(kLastMs);
  continuer_.reset();  // continues what is stopped
  Step(0);
  WriteKernelLines(MonotonicNs());
}

}  // namespace rankle::ebpf
