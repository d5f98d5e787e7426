#include "cli/suite/case_runner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "cli/launch/clock.h"
#include "cli/launch/command_path.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/installation.h"
#include "cli/launch/message.h"
#include "cli/launch/process_tree.h"
#include "cli/launch/run_record.h"
#include "cli/launch/text.h"
#include "cli/trace/rows.h"
#include "cli/verdict.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kGrace = 10 * kSecond;  // between asking a late case to end and killing it

// Suites name programs as seen from the source tree ("build/bin/ddp_train"). They are looked for in the
// current directory first, then beside this rankle.
std::string ResolveProgram(const std::string& program) {
  if (program.empty() || program.front() == '/' || FileExists(program)) return program;
  const fs::path prefix = ThisInstallation().prefix;
  const fs::path candidates[] = {prefix.parent_path() / program,
                                 prefix / "bin" / fs::path(program).filename()};
  for (const fs::path& candidate : candidates) {
    if (FileExists(candidate.string())) return candidate.string();
  }
  return program;
}

const char* LookUpVariable(const char* name) {
  return std::string_view(name) == "RANKLE_PREFIX" ? ThisInstallation().prefix.c_str() : getenv(name);
}

// Standard streams of a case: nothing in, everything into its log.
void RedirectStreams(const std::string& log) {
  const int null = open("/dev/null", O_RDONLY);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  if (null < 0 || out < 0) {
    SayError(FileError(errno, log, "cannot be written"));
    _exit(kExitUnusable);
  }
  dup2(null, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
}

// When the first fault fired, in CLOCK_MONOTONIC; 0 = none did. Ground truth: only scoring reads it.
uint64_t FirstInjectionNs(const std::string& directory) {
  uint64_t first = 0;
  const absl::StatusOr<Trace> trace = ReadTrace(directory);
  if (!trace.ok()) return 0;
  for (const record::FlightRecord& record : trace->records) {
    for (const record::Event& event : record.events) {
      if (event.kind != record::Kind::kInjection || event.entered_ns == 0) continue;
      if (first == 0 || event.entered_ns < first) first = event.entered_ns;
    }
  }
  return first;
}

void AddVerdict(const RunOptions& run, const RunRecord& record, CaseOutcome& outcome) {
  const uint64_t begin = MonotonicNs();
  absl::StatusOr<Report> report = Diagnose(outcome.directory, HangAfterSeconds(run));
  const uint64_t analysis_ns = MonotonicNs() - begin;
  if (report.ok()) {
    outcome.verdict = std::move(report->verdict);
  } else {
    outcome.verdict_error = std::string(report.status().message());
  }
  const uint64_t injected = FirstInjectionNs(outcome.directory);
  const uint64_t noticed = record.stalls_ns.empty() ? record.end_monotonic_ns : record.stalls_ns.front();
  if (injected != 0 && noticed > injected) outcome.time_to_verdict_ns = noticed - injected + analysis_ns;
}

}  // namespace

absl::StatusOr<RunOptions> RunOptionsOf(const SuiteCase& one, const SuiteRunOptions& options,
                                        const std::string& directory, std::string_view suite_name) {
  RunOptions run;
  run.n = one.ranks;
  run.virtual_gpus = one.virtual_gpus;
  run.output_dir = directory;
  run.on_hang = one.on_hang;
  if (one.hang_after_ns) run.hang_after_s = static_cast<double>(*one.hang_after_ns) * 1e-9;
  run.usual_hang_after_s = kSuiteHangAfterS;
  run.quiet = true;
  run.capture = false;    // log.txt has it all
  run.check_results = 1;  // a test wants to know about wrong values
  const auto at = [&](const absl::Status& error) {
    return absl::InvalidArgumentError(
        Cat(suite_name, ":", one.line, ": case '", one.name, "': ", StdView(error.message())));
  };
  for (const std::string& word : one.command) {
    absl::StatusOr<std::string> expanded = ExpandVariables(word, LookUpVariable);
    if (!expanded.ok()) return at(expanded.status());
    run.command.push_back(*std::move(expanded));
  }
  run.command.front() = ResolveProgram(run.command.front());
  const char* path = getenv("PATH");
  if (const auto found = FindCommand(run.command.front(), path ? path : "/usr/bin:/bin"); !found.ok()) {
    return at(found.status());
  }
  if (!one.faults_yaml.empty())
    run.faults.yaml_texts.push_back({.text = one.faults_yaml, .name = std::string(suite_name)});
  run.faults.short_forms = one.faults_short;
  run.faults.seed = options.seed ? options.seed : one.seed;
  if (const auto plan = ReadPlan(run.faults); !plan.ok()) {
    // Plans in YAML name file and line themselves.
    return one.faults_short.empty() ? plan.status() : at(plan.status());
  }
  if (absl::Status status = CheckRunnable(run); !status.ok()) return at(status);
  // Without records every job looks healthy.
  if (one.expect.verdict && !FileExists(ThisInstallation().hooks_library)) {
    return at(absl::FailedPreconditionError(
        Cat("expects a verdict, but ", ThisInstallation().hooks_library,
            " is missing: this rankle was built without its interposer; `rankle doctor` says why")));
  }
  return run;
}

CaseRunner::CaseRunner(const std::vector<SuiteCase>& cases, std::vector<RunOptions> runs, int jobs,
                       OnOutcome on_outcome)
    : cases_(cases),
      runs_(std::move(runs)),
      jobs_(static_cast<size_t>(std::max(jobs, 1))),
      on_outcome_(std::move(on_outcome)) {
  sigemptyset(&watched_);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&watched_, signal);
  sigprocmask(SIG_BLOCK, &watched_, &original_mask_);
}

CaseRunner::~CaseRunner() { sigprocmask(SIG_SETMASK, &original_mask_, nullptr); }

void CaseRunner::Start(size_t index) {
  const RunOptions& run = runs_[index];
  std::error_code error;
  fs::create_directories(run.output_dir, error);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    SayError(FileError(errno, cases_[index].name, "cannot be started"));
    on_outcome_(index, CaseOutcome{});
    return;
  }
  if (pid == 0) {
    // The supervisor of the case notices when this process dies, and ends the job.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(kExitInternalError);
    setsid();
    sigprocmask(SIG_SETMASK, &original_mask_, nullptr);
    RedirectStreams(Cat(run.output_dir, "/log.txt"));
    _exit(RunToEnd(run).exit_code);
  }
  const uint64_t now = MonotonicNs();
  running_.push_back({.pid = pid,
                      .index = index,
                      .started_ns = now,
                      .deadline_ns = now + cases_[index].timeout_ns,
                      .timed_out = false});
}

void CaseRunner::Finish(const Running& running, int exit_code) {
  const RunOptions& run = runs_[running.index];
  CaseOutcome outcome;
  outcome.directory = run.output_dir;
  outcome.timed_out = running.timed_out;
  outcome.exit_code = exit_code;
  outcome.log = ReadFile(Cat(run.output_dir, "/log.txt")).value_or("");
  if (const absl::StatusOr<RunRecord> record = ReadRunRecord(run.output_dir); record.ok()) {
    outcome.started = true;
    if (record->end_monotonic_ns > record->start_monotonic_ns) {
      outcome.duration_ns = record->end_monotonic_ns - record->start_monotonic_ns;
    } else {
      outcome.duration_ns = MonotonicNs() - running.started_ns;
    }
    outcome.faults = ReadFaultOutcomes(run.output_dir);
    AddVerdict(run, *record, outcome);
  }
  on_outcome_(running.index, outcome);
}

void CaseRunner::ReapEnded() {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto it =
        std::find_if(running_.begin(), running_.end(), [&](const Running& each) { return each.pid == pid; });
    if (it == running_.end()) continue;
    const Running ended = *it;
    running_.erase(it);
    if (!interrupted_) Finish(ended, ExitCodeOf(EndFromWaitStatus(status, 0)));
  }
}

void CaseRunner::EndLate() {
  const uint64_t now = MonotonicNs();
  for (Running& running : running_) {
    if (now < running.deadline_ns) continue;
    kill(running.pid, running.timed_out ? SIGKILL : SIGTERM);
    running.timed_out = true;
    running.deadline_ns = now + kGrace;
  }
}

void CaseRunner::EndAll() {
  interrupted_ = true;
  for (Running& running : running_) {
    running.deadline_ns = 0;
    running.timed_out = false;
  }
}

void CaseRunner::WaitForEvents() {
  uint64_t next = MonotonicNs() + kSecond;
  for (const Running& running : running_) next = std::min(next, running.deadline_ns);
  const uint64_t now = MonotonicNs();
  const uint64_t wait_ns = next > now ? next - now : 1;
  const timespec timeout{.tv_sec = static_cast<time_t>(wait_ns / kSecond),
                         .tv_nsec = static_cast<long>(wait_ns % kSecond)};
  const int signal = sigtimedwait(&watched_, nullptr, &timeout);
  if (signal > 0 && signal != SIGCHLD) EndAll();
}

bool CaseRunner::RunAll() {
  BecomeSubreaper();
  size_t next = 0;
  while (!running_.empty() || (next < cases_.size() && !interrupted_)) {
    while (next < cases_.size() && running_.size() < jobs_ && !interrupted_) Start(next++);
    WaitForEvents();
    ReapEnded();
    EndLate();
  }
  return !interrupted_;
}

}  // namespace rankle::cli
