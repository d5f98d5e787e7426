#include "cli/ebpf/attachment.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"
#include "cli/launch/clock.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/output_directory.h"
#include "cli/launch/run_record.h"
#include "cli/launch/text.h"
#include "cli/verdict.h"
#include "injector/ebpf/session.h"
#include "injector/plan/control_file.h"
#include "tracer/ebpf/support.h"

namespace rankle::cli {
namespace {

// How long a step may wait for events: they are taken in this often, and are on disk by then.
constexpr int kStepMs = 10;
constexpr double kUsualHangAfterS = 30;
// A flight record, its tables included, and the small files beside it.
constexpr uint64_t kBytesPerRecord = 64;
constexpr uint64_t kTablesBytes = 1 << 20;

std::string HostName() {
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

// The armed plan and control page of an output directory, mapped for as long as this lives.
struct ArmedFaults {
  std::string bytes;
  plan::ArmedPlan plan;
  std::optional<plan::ControlFile> control;

  static absl::StatusOr<std::unique_ptr<ArmedFaults>> Open(const std::string& plan_path,
                                                           const std::string& control_path) {
    auto faults = std::make_unique<ArmedFaults>();
    if (plan_path.empty()) return faults;
    absl::StatusOr<std::string> bytes = ReadFile(plan_path);
    if (!bytes.ok()) return bytes.status();
    faults->bytes = *std::move(bytes);
    const char* error = nullptr;
    faults->plan = plan::ArmedPlan::View(faults->bytes.data(), faults->bytes.size(), &error);
    if (error != nullptr) return absl::InvalidArgumentError(Cat(plan_path, ": ", error));
    absl::StatusOr<plan::ControlFile> control = plan::ControlFile::Open(control_path);
    if (!control.ok()) return control.status();
    faults->control.emplace(*std::move(control));
    return faults;
  }
};

ebpf::SessionOptions SessionOptionsOf(const ArmedFaults& faults, const std::string& output_dir) {
  ebpf::SessionOptions options;
  options.output_dir = output_dir;
  options.plan = &faults.plan;
  options.control = faults.control ? faults.control->page() : nullptr;
  return options;
}

void SayNotes(ebpf::Session& session) {
  for (const std::string& note : session.TakeNotes()) Say(note);
}

// What it cost the job, and what was lost: always said, a trace with holes must not look whole.
void SaySummary(const ebpf::Session& session, bool quiet) {
  const ebpf::BpfPrograms& programs = session.programs();
  const uint64_t lost = programs.Counter(RANKLE_LOST_EVENTS), threads = programs.Counter(RANKLE_LOST_THREADS),
                 targets = programs.Counter(RANKLE_LOST_TARGETS);
  if (lost > 0) Say(Cat("the buffer was full: ", lost, " events were lost (a larger one: --buffer MIB)"));
  if (threads > 0) Say(Cat(threads, " calls were not seen: too many threads inside calls at once"));
  if (targets > 0) Say(Cat(targets, " new processes were not seen: there are too many"));
  if (session.left_out() > 0)
    Say(Cat(session.left_out(),
            " operations were left out: which of their communicator they are is not known (of communicators "
            "made before: point-to-point operations before all ranks could be seen at one collective, or "
            "where not all ranks are attached; a layout of NCCL that rankle does not know)"));
  if (quiet) return;
  Say(Cat(session.probed_functions(), " functions probed, ", programs.Counter(RANKLE_SEEN_CALLS),
          " calls seen, ", programs.Counter(RANKLE_NESTED_CALLS), " inside them passed over"));
  std::string costs;
  for (const ebpf::ProgramCost& cost : programs.Costs()) {
    if (cost.runs > 0)
      absl::StrAppendFormat(&costs, "%s%s %.2f us x %d", costs.empty() ? "" : ", ", cost.name,
                            static_cast<double>(cost.run_ns) / static_cast<double>(cost.runs) * 1e-3,
                            cost.runs);
  }
  if (!costs.empty()) Say(Cat("programs took (traps of probes not counted): ", costs));
}

// Interruptions as something to poll.
class Interruptions {
 public:
  Interruptions() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    sigprocmask(SIG_BLOCK, &signals, &before_);
    fd_ = FileDescriptor(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~Interruptions() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  bool Came() const {
    signalfd_siginfo info;
    return read(fd_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info));
  }

 private:
  sigset_t before_;
  FileDescriptor fd_;
};

// run.json of an attached job: the processes, and how those ended that did.
// With it a process that shows no life is known to be stopped, not gone.
absl::Status WriteRun(const ebpf::Session& session, RunRecord record, const std::string& output_dir,
                      bool over) {
  for (const ebpf::SeenProcess& seen : session.seen()) {
    RunProcess process{.pid = seen.info.pid,
                       .rank = seen.info.rank,
                       .started_ns = seen.attached_ns,
                       .end = {},
                       .ended_by_rankle = false};
    if (seen.ended_ns != 0) process.end = EndFromWaitStatus(seen.wait_status, seen.ended_ns);
    record.processes.push_back(std::move(process));
    if (record.command.empty()) record.command = {seen.info.command};
  }
  if (over) record.end_monotonic_ns = MonotonicNs();
  return WriteRunRecord(record, output_dir);
}

// Those below the named ones that run already, none of them twice.
std::vector<int> ChildrenOf(const AttachOptions& options) {
  std::vector<int> children;
  for (const int pid : options.processes) {
    if (!options.children) break;
    for (const int child : ebpf::DescendantsOf(pid)) {
      const bool named =
          std::find(options.processes.begin(), options.processes.end(), child) != options.processes.end();
      if (!named && ebpf::LookAtProcess(child).ok()) children.push_back(child);
    }
  }
  std::sort(children.begin(), children.end());
  children.erase(std::unique(children.begin(), children.end()), children.end());
  return children;
}

void RunSession(ebpf::Session& session, const AttachOptions& options, const RunRecord& record,
                const std::string& output_dir, const Interruptions& interruptions) {
  const uint64_t end_ns =
      options.for_s ? MonotonicNs() + static_cast<uint64_t>(*options.for_s * 1e9) : UINT64_MAX;
  std::optional<uint64_t> written;
  while (!session.all_ended() && !interruptions.Came() && MonotonicNs() < end_ns) {
    session.Step(kStepMs);
    SayNotes(session);
    if (session.changes() == written) continue;
    written = session.changes();
    if (absl::Status status = WriteRun(session, record, output_dir, /*over=*/false); !status.ok())
      SayError(status);
  }
}

}  // namespace

absl::Status CheckPlanForEbpf(const plan::Plan& plan) {
  const std::string bytes = plan.Arm(kDefaultSeed);
  return ebpf::LowerPlan(plan::ArmedPlan::View(bytes.data(), bytes.size())).status();
}

int Attach(const AttachOptions& options) {
  const auto refuse = [](const absl::Status& error) {
    SayError(error);
    return kExitUnusable;
  };
  const absl::StatusOr<plan::Plan> plan = ReadPlan(options.faults);
  if (!plan.ok()) return refuse(plan.status());
  if (absl::Status status = CheckPlanForEbpf(*plan); !status.ok()) return refuse(status);
  for (const int pid : options.processes) {
    if (absl::Status status = ebpf::LookAtProcess(pid).status(); !status.ok()) return refuse(status);
  }
  std::vector<int> processes = options.processes;
  std::sort(processes.begin(), processes.end());
  processes.erase(std::unique(processes.begin(), processes.end()), processes.end());
  const std::vector<int> children = ChildrenOf(options);
  const size_t count = processes.size() + children.size();
  const uint64_t bytes = (static_cast<uint64_t>(options.records) * kBytesPerRecord + kTablesBytes) * count;
  const absl::StatusOr<OutputDirectory> output = PrepareOutputDirectory(
      options.output_dir.empty() ? DefaultOutputDirectory(RealtimeNs(), getpid()) : options.output_dir,
      bytes);
  if (!output.ok()) return refuse(output.status());
  const absl::StatusOr<FaultFiles> files = WriteFaultFiles(*plan, output->path);
  if (!files.ok()) return refuse(files.status());
  absl::StatusOr<std::unique_ptr<ArmedFaults>> faults =
      ArmedFaults::Open(files->plan_path, files->control_path);
  if (!faults.ok()) return refuse(faults.status());

  RunRecord record;
  record.host = HostName();
  record.job_id = absl::Uniform<uint64_t>(absl::BitGen());
  record.seed = plan->seed().value_or(kDefaultSeed);
  record.start_realtime_ns = RealtimeNs(), record.start_monotonic_ns = MonotonicNs();
  ebpf::SessionOptions session_options = SessionOptionsOf(**faults, output->path);
  session_options.processes = std::move(processes);
  session_options.children = children;
  session_options.job_id = record.job_id;
  session_options.records = static_cast<uint32_t>(options.records);
  session_options.bpf.buffer_bytes = static_cast<size_t>(options.buffer_mib) << 20;
  session_options.bpf.waits = options.waits;
  session_options.bpf.each_probe = options.each_probe;
  const Interruptions interruptions;
  absl::StatusOr<std::unique_ptr<ebpf::Session>> session = ebpf::Session::Start(session_options);
  if (!session.ok()) return refuse(session.status());
  if (!options.quiet)
    Say(Cat("attached to ", count, " processes; records in ", output->path,
            "; Ctrl-C detaches, `rankle analyze ", output->path, "` says what is known so far"));
  SayNotes(**session);
  RunSession(**session, options, record, output->path, interruptions);
  (*session)->Finish();
  SayNotes(**session);
  SaySummary(**session, options.quiet);
  for (const FaultOutcome& fault : ReadFaultOutcomes(output->path)) {
    if (const std::string warning = WhyNotFired(fault); !warning.empty()) Say(warning);
  }
  if (absl::Status status = WriteRun(**session, record, output->path, /*over=*/true); !status.ok())
    SayError(status);
  session->reset();  // detached
  if (const auto report = Diagnose(output->path, kUsualHangAfterS); report.ok() && !options.quiet)
    Say(VerdictLine(report->verdict));
  if (!options.quiet) Say(Cat("detached; next: rankle analyze ", output->path));
  return kExitOk;
}

namespace {

// The process that watches a job of this process's parent. `ready` takes one line: "" or why it cannot.
[[noreturn]] void WatchJob(const WatchedJob& job, int launcher, int stop, int ready) {
  const auto fail = [&](const absl::Status& error) {
    WriteAll(ready, Cat(std::string(error.message()), "\n"));
    _exit(1);
  };
  absl::StatusOr<std::unique_ptr<ArmedFaults>> faults = ArmedFaults::Open(job.plan_path, job.control_path);
  if (!faults.ok()) fail(faults.status());
  ebpf::SessionOptions options = SessionOptionsOf(**faults, job.output_dir);
  options.launchers = {launcher};
  options.job_id = job.job_id;
  options.trace = job.trace;
  options.kernel_sums = job.kernel_sums;
  if (job.records > 0) options.records = static_cast<uint32_t>(job.records);
  absl::StatusOr<std::unique_ptr<ebpf::Session>> session = ebpf::Session::Start(options);
  if (!session.ok()) fail(session.status());
  WriteAll(ready, "\n");
  close(ready);
  // End-of-file: the job has ended, or its launcher was killed.
  pollfd source{.fd = stop, .events = POLLIN, .revents = 0};
  while (poll(&source, 1, 0) == 0) {
    (*session)->Step(kStepMs);
    SayNotes(**session);
  }
  (*session)->Finish();
  SayNotes(**session);
  SaySummary(**session, /*quiet=*/true);
  session->reset();
  _exit(0);
}

}  // namespace

absl::StatusOr<JobTracer> JobTracer::Start(const WatchedJob& job) {
  int stop[2], ready[2];
  if (pipe2(stop, O_CLOEXEC) != 0) return absl::InternalError(Cat("--via ebpf: no pipe: ", strerror(errno)));
  FileDescriptor stop_read(stop[0]), stop_write(stop[1]);
  if (pipe2(ready, O_CLOEXEC) != 0) return absl::InternalError(Cat("--via ebpf: no pipe: ", strerror(errno)));
  FileDescriptor ready_read(ready[0]), ready_write(ready[1]);
  const pid_t launcher = getpid();
  const pid_t pid = fork();
  if (pid < 0) return absl::InternalError(Cat("--via ebpf: no process: ", strerror(errno)));
  if (pid == 0) {
    setpgid(0, 0);  // the terminal's signals are for the job
    stop_write.Close();
    ready_read.Close();
    WatchJob(job, launcher, stop_read.get(), ready_write.get());
  }
  ready_write.Close();
  std::string answer;
  for (char byte = 0; !answer.ends_with('\n') && read(ready_read.get(), &byte, 1) == 1;) answer += byte;
  JobTracer tracer(pid, std::move(stop_write));
  if (answer == "\n") return tracer;
  tracer.Finish();
  if (answer.ends_with('\n')) answer.pop_back();
  return absl::FailedPreconditionError(
      Cat("--via ebpf: ", answer.empty() ? "its process has ended" : answer));
}

std::vector<Check> CheckEbpf() {
  std::vector<Check> checks;
  for (const ebpf::Ability& ability : ebpf::AbilitiesOf(ebpf::ProbeKernel()))
    checks.push_back({Cat("eBPF: ", ability.name), ability.there ? Check::State::kOk : Check::State::kMissing,
                      ability.detail});
  return checks;
}

void JobTracer::Finish() {
  stop_.Close();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace rankle::cli
