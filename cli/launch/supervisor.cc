#include "cli/launch/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>

#include "cli/hosts/kernel_watch.h"
#include "cli/launch/capture.h"
#include "cli/launch/clock.h"
#include "cli/launch/command_path.h"
#include "cli/launch/hang_detector.h"
#include "cli/launch/live_log.h"
#include "cli/launch/message.h"
#include "cli/launch/process_tree.h"
#include "cli/launch/progress_sampler.h"
#include "cli/launch/python_stacks.h"
#include "cli/launch/spawn.h"
#include "cli/launch/terminal.h"
#include "cli/launch/text.h"
#include "injector/host/link_rules.h"

namespace rankle::cli {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kLeftoverGrace =
    2 * kSecond;  // for processes that outlive the command, between TERM and KILL
constexpr uint64_t kKillTimeout = 10 * kSecond;    // beyond it a process is stuck in the kernel
constexpr uint64_t kWatcherTimeout = 5 * kSecond;  // for the last digest, at the end of the job
constexpr uint64_t kReportTimeout =
    60 * kSecond;  // for the verdict or the user's --on-hang command before a kill

bool IsStopRequest(int signal) { return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU; }
bool IsEndRequest(int signal) {
  return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

class Supervisor {
 public:
  Supervisor(const Job& job, GuardLink link)
      : job_(job),
        link_(std::move(link)),
        terminal_(link_.guard_group),
        record_(job.record),
        sampler_(job.output_dir),
        detector_(job.hang.patience),
        capture_(job.output_dir) {}

  int Run();

 private:
  absl::Status StartRanks();
  absl::Status StartRank(int rank);
  void SaveRecord();
  void WaitForEvents();
  void OnSignal(int signal);
  void Reap();
  void OnEnd(pid_t pid, int wait_status);
  void StopWithJob(int signal);
  LocalRank PlaceOf(int rank) const;
  void OnKeeperEnd();
  int KeeperDescriptor() const;
  std::string LogName(int rank) const { return job_.n > 0 ? Cat("rank", rank) : "job"; }
  Capture::Ends CaptureStreams(int rank);
  // A process that watches the job until the supervisor closes its pipe.
  struct Helper {
    std::string_view what;   // it watches
    pid_t pid = 0;           // 0 = none
    FileDescriptor keep_on;  // it reads end-of-file when this is closed
  };
  void StartHelper(Helper& helper, const std::function<void(int stop)>& body);
  void StartWatchers();
  void EndWatchers();
  void DrainCapture();
  std::vector<pid_t> Helpers() const;
  void LookForStall();
  void MoveRanks();
  void StartHangAction();
  void OnHangActionEnd();
  void EndLateHangAction(uint64_t now_ns);
  void WaitForHangAction();
  void KillJob();
  void EndLeftovers();
  bool AnyRunning() const;
  bool AnyComesBack() const;
  uint64_t FirstEndNs(bool failures_only) const;  // 0 = none ended
  uint64_t LastEndNs() const;                     // 0 = none ended
  uint64_t SampleIntervalNs() const;

  const Job& job_;
  GuardLink link_;
  Terminal terminal_;
  RunRecord record_;
  ProgressSampler sampler_;
  HangDetector detector_;
  Capture capture_;
  FileDescriptor signals_;
  pid_t job_group_ = 0;
  Helper watcher_{.what = "the pace of the job", .keep_on = {}};
  Helper kernel_watcher_{.what = "what the kernel tells", .keep_on = {}};
  pid_t hang_action_ = 0;  // process that prints the verdict or runs the user's command; 0 = none
  uint64_t hang_action_deadline_ = 0;
  uint64_t next_sample_ns_ = 0;
  bool ending_ = false;  // rankle ends the job, or was asked to: deaths are not the job's own
  bool killed_ = false;
  bool keeper_is_gone_ = false;
  uint64_t begin_ns_ = 0;   // of the time of the faults
  bool abandoned_ = false;  // somebody asked to end while only the output was still being passed on
};

bool Supervisor::AnyRunning() const {
  return std::any_of(record_.processes.begin(), record_.processes.end(),
                     [](const RunProcess& process) { return !process.end; });
}

// Who is away is part of a job that goes on.
bool Supervisor::AnyComesBack() const {
  if (ending_) return false;
  std::map<int, bool> away;  // by rank, of its last process
  for (const RunProcess& process : record_.processes) away[process.rank] = process.left && process.end;
  return std::any_of(away.begin(), away.end(), [](const auto& rank) { return rank.second; });
}

uint64_t Supervisor::FirstEndNs(bool failures_only) const {
  uint64_t first = 0;
  for (const RunProcess& process : record_.processes) {
    if (!process.end || process.left || (failures_only && ExitCodeOf(*process.end) == 0)) continue;
    if (first == 0 || process.end->ended_ns < first) first = process.end->ended_ns;
  }
  return first;
}

uint64_t Supervisor::LastEndNs() const {
  uint64_t last = 0;
  for (const RunProcess& process : record_.processes) {
    if (process.end && !process.left) last = std::max(last, process.end->ended_ns);
  }
  return last;
}

uint64_t Supervisor::SampleIntervalNs() const {
  return std::clamp<uint64_t>(job_.hang.patience.hang_after_ns / 8, kSecond / 20,
                              job_.hang.patience.adaptive ? kSecond / 5 : kSecond);
}

void Supervisor::SaveRecord() {
  if (absl::Status status = WriteRunRecord(record_, job_.output_dir); !status.ok()) SayError(status);
}

absl::Status Supervisor::StartRank(int rank) {
  Environment environment = job_.environment;
  if (job_.n > 0) {
    SetLocalRank(PlaceOf(rank), environment);
  }
  RankPlace place = link_.keeper != nullptr ? link_.keeper->PlaceOf(rank) : RankPlace();
  std::vector<FileDescriptor> groups;
  std::vector<int> group_procs, namespaces;
  for (const std::string& path : place.group_procs) {
    groups.emplace_back(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    group_procs.push_back(groups.back().get());
  }
  if (place.host >= 0) {
    const HostNamespaces& host = link_.keeper->network()->hosts[static_cast<size_t>(place.host)];
    namespaces = {host.net.get(), host.uts.get()};
  }
  Capture::Ends ends = CaptureStreams(rank);
  const absl::StatusOr<pid_t> pid = Spawn({.path = job_.path,
                                           .arguments = job_.command,
                                           .environment = environment.Entries(),
                                           .process_group = job_group_,
                                           .signal_mask = link_.original_mask,
                                           .no_input = rank > 0,
                                           .namespaces = namespaces,
                                           .group_procs = group_procs,
                                           .clock_offset_ns = place.clock_offset_ns,
                                           .directories = std::move(place.directories),
                                           .out = ends.out.get(),
                                           .err = ends.err.get()});
  if (!pid.ok()) return pid.status();
  if (link_.keeper != nullptr && !link_.keeper->churn().is_empty())
    capture_.Keep(LogName(rank), std::move(ends));
  if (job_group_ == 0) {
    job_group_ = *pid;
    terminal_.Lend(job_group_);
  }
  record_.processes.push_back({.pid = *pid,
                               .rank = job_.n > 0 ? rank : -1,
                               .host = place.host >= 0 ? host::HostName(place.host) : std::string(),
                               .started_ns = MonotonicNs(),
                               .end = {},
                               .ended_by_rankle = false});
  return absl::OkStatus();
}

// What the rank is told of its place among the others.
LocalRank Supervisor::PlaceOf(int rank) const {
  LocalRank local{.rank = rank, .world_size = job_.n, .master_port = job_.master_port};
  const host::Layout& layout = job_.hosts.layout;
  if (layout.hosts == 0) return local;
  const std::vector<int> beside = layout.RanksOf(layout.HostOf(rank));
  local.local_rank = rank - beside.front();
  local.local_world_size = static_cast<int>(beside.size());
  local.master_address = host::AddressOf(layout.HostOf(0));
  local.interface = host::kHostInterface;
  return local;
}

Capture::Ends Supervisor::CaptureStreams(int rank) {
  if (!job_.capture) return {};
  absl::StatusOr<Capture::Ends> ends = capture_.Open(LogName(rank));
  if (ends.ok()) return *std::move(ends);
  Say(Cat("what rank ", rank, " prints is not kept: ", StdView(ends.status().message())));
  return {};
}

// The helpers of the supervisor are no part of the job: they outlive it to tell its end.
std::vector<pid_t> Supervisor::Helpers() const {
  return {watcher_.pid, kernel_watcher_.pid, capture_.helper()};
}

void Supervisor::StartHelper(Helper& helper, const std::function<void(int stop)>& body) {
  int ends[2];
  const auto refuse = [&](const char* why) { Say(Cat("cannot watch ", helper.what, ": ", why)); };
  if (pipe2(ends, O_CLOEXEC) != 0) return refuse("no pipe");
  FileDescriptor stop(ends[0]);
  helper.keep_on = FileDescriptor(ends[1]);
  const pid_t parent = getpid();
  helper.pid = fork();
  if (helper.pid > 0) return;
  if (helper.pid < 0) {
    helper.pid = 0;
    return refuse("out of processes");
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  setpgid(0, 0);
  for (Helper* other : {&watcher_, &kernel_watcher_}) other->keep_on.Close();
  capture_.ReleaseInChild();
  body(stop.get());
  _exit(0);
}

void Supervisor::StartWatchers() {
  if (job_.watch != nullptr) StartHelper(watcher_, [this](int stop) { job_.watch(job_, stop); });
  if (!job_.watch_records || link_.keeper == nullptr) return;
  KernelWatch watch{.ranks = {},
                    .layout = job_.hosts.layout,
                    .network = link_.keeper->network(),
                    .output_dir = job_.output_dir};
  for (const RunProcess& process : record_.processes) watch.ranks.emplace_back(process.rank, process.pid);
  StartHelper(kernel_watcher_, [&watch](int stop) { WatchKernel(watch, stop); });
}

// The watchers write their last.
void Supervisor::EndWatchers() {
  const uint64_t deadline = MonotonicNs() + kWatcherTimeout;
  for (Helper* helper : {&watcher_, &kernel_watcher_}) {
    helper->keep_on.Close();
    while (helper->pid != 0) {
      if (MonotonicNs() > deadline) kill(helper->pid, SIGKILL);
      WaitForEvents();
    }
  }
}

// A slow reader of the output keeps rankle, as it would have kept the job; who asks to end does not wait.
void Supervisor::DrainCapture() {
  while (capture_.IsRunning()) {
    if (abandoned_) kill(capture_.helper(), SIGKILL);
    WaitForEvents();
  }
}

absl::Status Supervisor::StartRanks() {
  // Nothing is reaped before all have started: the first rank, even when it ended, keeps the process group
  // alive.
  for (int rank = 0; rank < std::max(job_.n, 1); ++rank) {
    if (absl::Status status = StartRank(rank); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void Supervisor::OnEnd(pid_t pid, int wait_status) {
  if (pid == hang_action_) return OnHangActionEnd();
  if (pid == capture_.helper()) return abandoned_ ? capture_.Abandon() : capture_.OnHelperEnd(wait_status);
  for (Helper* helper : {&watcher_, &kernel_watcher_}) {
    if (pid != helper->pid) continue;
    if (helper->keep_on.is_open())
      Say(Cat("the watcher of ", helper->what, " has ended: nothing more of it is told"));
    helper->pid = 0;
    return;
  }
  for (RunProcess& process : record_.processes) {
    if (process.pid != pid || process.end) continue;
    process.end = EndFromWaitStatus(wait_status, MonotonicNs());
    process.ended_by_rankle = ending_ && ExitCodeOf(*process.end) != 0;
    if (AnyRunning()) SaveRecord();
  }
}

void Supervisor::Reap() {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0;) {
    if (!WIFSTOPPED(status)) {
      OnEnd(pid, status);
    } else if (terminal_.IsOurs() && IsStopRequest(WSTOPSIG(status))) {
      StopWithJob(WSTOPSIG(status));
    }
  }
}

// Ctrl-Z stopped the job: give the shell its terminal and stop too. The guard sees this and stops as well;
// `fg` or `bg` continues the guard, which continues us (SIGCONT).
void Supervisor::StopWithJob(int) {
  terminal_.TakeBack();
  raise(SIGSTOP);
  detector_ = HangDetector(job_.hang.patience);  // the user paused the job: it has not stalled since
}

void Supervisor::OnSignal(int signal) {
  if (signal == SIGCHLD) return Reap();
  if (IsEndRequest(signal)) abandoned_ = !AnyRunning(), ending_ = true;
  if (signal == SIGWINCH) capture_.CopyWindowSize();
  if (signal == SIGCONT) terminal_.Lend(job_group_);
  kill(-job_group_, signal);
  // A process that a fault stopped would sleep through the request to end.
  if (IsEndRequest(signal)) kill(-job_group_, SIGCONT);
  if (signal == SIGTSTP) StopWithJob(signal);
}

void Supervisor::KillJob() {
  ending_ = killed_ = true;
  if (!KillDescendants(
          kKillTimeout, [this](pid_t pid, int status) { OnEnd(pid, status); }, Helpers())) {
    Say("some processes of the job cannot be killed: they are stuck in the kernel (state D in ps)");
    abandoned_ = true;  // and never close their output
  }
}

// Ranks leave and come back as the plan says (churn).
void Supervisor::MoveRanks() {
  if (link_.keeper == nullptr || link_.keeper->churn().is_empty() || ending_) return;
  const uint64_t at_ns = MonotonicNs() - begin_ns_;
  std::map<int, size_t> last;  // process of each rank, by place in the record
  for (size_t i = 0; i < record_.processes.size(); ++i) last[record_.processes[i].rank] = i;
  for (const auto& [rank, at] : last) {
    RunProcess& process = record_.processes[at];
    const bool away = link_.keeper->churn().IsAway(rank, at_ns);
    if (away && !process.end && !process.left) {
      process.left = true;
      kill(process.pid, SIGKILL);
    } else if (!away && process.end && process.left) {
      if (!AnyRunning()) job_group_ = 0;  // the group has gone with its last process
      if (absl::Status status = StartRank(rank); !status.ok()) {
        SayError(status);
        return KillJob();
      }
    }
  }
}

void Supervisor::StartHangAction() {
  const pid_t pid = fork();
  if (pid < 0) return Say("cannot start the --on-hang action: out of processes");
  if (pid > 0) {
    hang_action_ = pid;
    hang_action_deadline_ = MonotonicNs() + kReportTimeout;
    return;
  }
  sigprocmask(SIG_SETMASK, &link_.original_mask, nullptr);
  setpgid(0, 0);
  capture_.ReleaseInChild();
  if (job_.watch_records) AskForPythonStacks(job_.output_dir);
  if (job_.hang.action == HangPolicy::Action::kCommand) {
    setenv("RANKLE_OUT", job_.output_dir.c_str(), 1);
    execl("/bin/sh", "sh", "-c", job_.hang.command.c_str(), nullptr);
    _exit(127);
  }
  if (job_.report) job_.report(job_);
  _exit(0);
}

void Supervisor::OnHangActionEnd() {
  hang_action_ = 0;
  if (job_.hang.action == HangPolicy::Action::kKill && !killed_) KillJob();
}

// A verdict that takes too long must not keep a hung job alive. A user's command may take its time while the
// job runs.
void Supervisor::EndLateHangAction(uint64_t now_ns) {
  if (job_.hang.action != HangPolicy::Action::kCommand && now_ns > hang_action_deadline_) {
    kill(-hang_action_, SIGKILL);
  }
}

// Lets a verdict be printed, and a user's command come to its end, but not for ever: the job is over. Nor
// when somebody asks to end meanwhile.
void Supervisor::WaitForHangAction() {
  const uint64_t patience_ns = kIdlePatience * job_.hang.patience.hang_after_ns;
  const uint64_t deadline = MonotonicNs() + patience_ns;
  bool said = false;
  while (hang_action_ != 0) {
    const uint64_t now = MonotonicNs();
    EndLateHangAction(now);
    if (abandoned_ || now > deadline) {
      if (!said && !abandoned_) {
        Say(Cat("the --on-hang command still runs, ", DurationText(patience_ns),
                " after the job's end: it is ended"));
      }
      said = true;
      kill(-hang_action_, SIGKILL);
    }
    WaitForEvents();
  }
}

void Supervisor::LookForStall() {
  const uint64_t now = MonotonicNs();
  if (now < next_sample_ns_) return;
  next_sample_ns_ = now + SampleIntervalNs();
  if (hang_action_ != 0) return EndLateHangAction(now);
  const std::vector<ProcessProgress> processes =
      job_.watch_records ? sampler_.Sample() : std::vector<ProcessProgress>();
  const HangDetector::Change change =
      detector_.Observe({.now_ns = now,
                         .processes = processes,
                         .first_end_ns = FirstEndNs(/*failures_only=*/false),
                         .first_failure_ns = FirstEndNs(/*failures_only=*/true),
                         .last_end_ns = LastEndNs(),
                         .any_running = AnyRunning()});
  if (change == HangDetector::Change::kResumed) {
    record_.resumed_ns.push_back(now);
    SaveRecord();
    const std::string text = Cat("the job goes on after ", DurationText(now - record_.stalls_ns.back()));
    if (job_.hang.say_resumed) Say(text);
    AppendLiveEvent(
        job_.output_dir,
        {.monotonic_ns = now, .host = record_.host, .kind = "resumed", .text = text, .ranks = {}});
  }
  if (change != HangDetector::Change::kStalled) return;
  record_.stalls_ns.push_back(now);
  SaveRecord();
  const std::string text =
      Cat("the job has made no progress for ", DurationText(now - detector_.last_progress_ns()));
  Say(text);
  AppendLiveEvent(job_.output_dir,
                  {.monotonic_ns = now, .host = record_.host, .kind = "stall", .text = text, .ranks = {}});
  StartHangAction();
}

void Supervisor::WaitForEvents() {
  const uint64_t now = MonotonicNs();
  uint64_t wait_ns = next_sample_ns_ > now ? next_sample_ns_ - now : SampleIntervalNs();
  if (begin_ns_ != 0 && link_.keeper != nullptr)
    wait_ns = std::min(wait_ns, link_.keeper->churn().NextChange(now - begin_ns_) - (now - begin_ns_));
  pollfd sources[3] = {{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                       {.fd = link_.alive.get(), .events = POLLIN, .revents = 0},
                       {.fd = KeeperDescriptor(), .events = POLLIN, .revents = 0}};
  if (poll(sources, 3, static_cast<int>(wait_ns / 1'000'000) + 1) <= 0) return;
  signalfd_siginfo info;
  while (read(signals_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    OnSignal(static_cast<int>(info.ssi_signo));
  }
  if (sources[1].revents != 0) {  // the guard was killed: nobody waits for the output any more
    link_.alive.Close();
    abandoned_ = true;
    KillJob();
  }
  if (sources[2].revents != 0) OnKeeperEnd();
}

int Supervisor::KeeperDescriptor() const {  // -1, which poll passes over, where there is none
  return link_.keeper != nullptr && !keeper_is_gone_ ? link_.keeper->control() : -1;
}

// Nobody ends the faults that are in force any more. The guard removes what the keeper left.
void Supervisor::OnKeeperEnd() {
  keeper_is_gone_ = true;
  Say("the keeper of host faults was killed: the job is ended, because its faults would last for ever");
  KillJob();
}

// Processes that the command left behind: asked to end, then made to.
void Supervisor::EndLeftovers() {
  if (Descendants(getpid(), Helpers()).empty()) return;
  SignalDescendants(SIGTERM, Helpers());
  SignalDescendants(SIGCONT, Helpers());
  const uint64_t deadline = MonotonicNs() + kLeftoverGrace;
  sigset_t child_ended;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  while (MonotonicNs() < deadline && !Descendants(getpid(), Helpers()).empty()) {
    const timespec soon{.tv_sec = 0, .tv_nsec = 10'000'000};
    sigtimedwait(&child_ended, nullptr, &soon);
    Reap();
  }
  KillJob();
}

int Supervisor::Run() {
  sigset_t watched = ForwardedSignals();
  sigaddset(&watched, SIGCHLD);
  sigprocmask(SIG_BLOCK, &watched, nullptr);
  signals_ = FileDescriptor(signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));

  if (link_.keeper != nullptr) link_.keeper->Follow();
  record_.start_realtime_ns = RealtimeNs();
  record_.start_monotonic_ns = MonotonicNs();
  if (absl::Status status = StartRanks(); !status.ok()) {
    KillJob();
    SayError(status);
    return absl::IsUnavailable(status) ? kExitUnusable : CommandErrorExitCode(status);
  }
  if (link_.keeper != nullptr) link_.keeper->Begin();
  begin_ns_ = MonotonicNs();
  SaveRecord();
  capture_.Start();
  StartWatchers();
  while (AnyRunning() || AnyComesBack()) {
    WaitForEvents();
    LookForStall();
    MoveRanks();
  }
  capture_.ReleaseKept();
  terminal_.TakeBack();
  WaitForHangAction();
  EndLeftovers();
  DrainCapture();

  std::vector<ProcessEnd> by_themselves, by_rankle;
  for (const RunProcess& process : record_.processes) {
    if (process.left) continue;
    (process.ended_by_rankle ? by_rankle : by_themselves).push_back(*process.end);
  }
  record_.exit_code = JobExitCode(by_themselves, by_rankle);
  record_.end_monotonic_ns = MonotonicNs();
  SaveRecord();
  EndWatchers();
  return *record_.exit_code;
}

}  // namespace

sigset_t ForwardedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP}) {
    sigaddset(&signals, signal);
  }
  return signals;
}

int Supervise(const Job& job, GuardLink link) { return Supervisor(job, std::move(link)).Run(); }

}  // namespace rankle::cli
