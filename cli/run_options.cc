#include "cli/run_options.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"
#include "analyzer/import/nodes.h"
#include "cli/ebpf/attachment.h"
#include "cli/hosts/abilities.h"
#include "cli/hosts/limited_directory.h"
#include "cli/inspect/elf_program.h"
#include "cli/launch/clock.h"
#include "cli/launch/command_path.h"
#include "cli/launch/installation.h"
#include "cli/launch/job.h"
#include "cli/launch/loader_path.h"
#include "cli/launch/local_port.h"
#include "cli/launch/message.h"
#include "cli/launch/output_directory.h"
#include "cli/launch/text.h"
#include "cli/verdict.h"
#include "cli/watch/watcher.h"
#include "injector/host/link_rules.h"
#include "injector/plan/catalogue.h"
#include "tracer/cupti/format.h"
#include "tracer/record/writer.h"
#include "tracer/sites/format.h"

extern char** environ;

namespace rankle::cli {
namespace {

constexpr uint64_t kSmallFilesBytes = 1 << 20;  // plan, control page, run.json

absl::Status CheckGpus(const RunOptions& options) {
  const char* shared = getenv("NCCL_MULTI_RANK_GPU_ENABLE");
  if (options.virtual_gpus == 0 || options.n <= options.virtual_gpus || (shared && *shared == '1')) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("-n %d: not enough virtual GPUs: there are %d and NCCL wants one for each rank; give "
                      "--virtual-gpus %d, or set "
                      "NCCL_MULTI_RANK_GPU_ENABLE=1 when ranks are meant to share",
                      options.n, options.virtual_gpus, options.n));
}

// CUDA injects one library into a process.
absl::Status CheckCupti(const RunOptions& options) {
  if (!options.cupti) return absl::OkStatus();
  if (!options.trace)
    return absl::InvalidArgumentError(
        "--cupti with --no-trace: nothing would be recorded; leave one of them out");
  const std::string& library = ThisInstallation().cupti_library;
  if (!FileExists(library)) {
    return absl::FailedPreconditionError(
        Cat("--cupti: ", library,
            " is missing: this rankle was built without CUPTI's headers (they come with the CUDA toolkit)"));
  }
  const char* const other = getenv("CUDA_INJECTION64_PATH");
  if (other != nullptr && *other != '\0' && other != library) {
    return absl::FailedPreconditionError(
        Cat("--cupti: CUDA_INJECTION64_PATH is set to ", other,
            ", another profiler, and CUDA takes one: unset it, or leave --cupti out"));
  }
  return absl::OkStatus();
}

bool HasFaults(const RunOptions& options) {
  const FaultSources& faults = options.faults;
  return !faults.plan_files.empty() || !faults.short_forms.empty() || !faults.yaml_texts.empty();
}

uint32_t SampleInterval(const RunOptions& options) {
  if (options.via_ebpf) return 0;
  return static_cast<uint32_t>(
      std::min<uint64_t>(options.check_results.value_or(HasFaults(options) ? 1 : 0), INT32_MAX));
}

// `needed`: a fault is aimed at what only librankle-libc.so sees.
absl::Status CheckSites(const RunOptions& options, bool needed) {
  if (!options.sites && !needed) return absl::OkStatus();
  if (options.sites && !options.trace && !needed)
    return absl::InvalidArgumentError(
        "--sites with --no-trace: nothing would be recorded; leave one of them out");
  const std::string& library = ThisInstallation().libc_library;
  if (FileExists(library)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Cat(options.sites ? "--sites: " : "a fault is aimed at the C library or at a call site: ", library,
          " is missing: this rankle was built without it (glibc 2.35 is needed)"));
}

// Through eBPF: what needs a library inside the processes is refused, and faults that need one.
absl::Status CheckViaEbpf(const RunOptions& options, const plan::Plan& plan) {
  const char* const inside = options.sites                            ? "--sites"
                             : options.check_results.value_or(0) != 0 ? "--check-results"
                                                                      : nullptr;
  if (inside != nullptr)
    return absl::InvalidArgumentError(
        Cat(inside, " with --via ebpf: it needs a library inside the processes; leave one of them out"));
  return CheckPlanForEbpf(plan);
}

absl::Status CheckHooks() {
  const std::string& library = ThisInstallation().hooks_library;
  if (FileExists(library)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Cat("--fault/--plan: ", library,
          " is missing: this rankle was built without its interposer; `rankle doctor` says why"));
}

// A function of Python is named by its module and its name there: the agent puts itself in front of it.
absl::Status CheckPythonTargets(const plan::Plan& plan) {
  for (const std::string& target : plan.PythonTargets()) {
    const size_t colon = target.find(':');
    if (colon != std::string::npos && colon > 0 && colon + 1 < target.size() &&
        target.find_first_of("*?; ") == std::string::npos && !target.starts_with("__main__:")) {
      continue;
    }
    return absl::InvalidArgumentError(
        Cat("rankleCallPython: '", target,
            "' is no function of an imported module: give stack=MODULE:NAME, such as "
            "stack=torch.nn.parallel.distributed:DistributedDataParallel.forward"));
  }
  return absl::OkStatus();
}

// Is there what the chosen way needs for this plan?
absl::Status CheckWay(const RunOptions& options, const plan::Plan& plan) {
  if (options.via_ebpf) return CheckViaEbpf(options, plan);
  if (absl::Status status = CheckPythonTargets(plan); !status.ok()) return status;
  if (absl::Status status = CheckSites(options, plan.NeedsSites()); !status.ok()) return status;
  return plan.NeedsHooks() ? CheckHooks() : absl::OkStatus();
}

absl::Status CheckInstallation(const RunOptions& options) {
  const Installation& installation = ThisInstallation();
  if (options.virtual_gpus > 0 && !FileExists(installation.virtual_gpu_dir)) {
    return absl::FailedPreconditionError(
        Cat("--virtual-gpus: ", installation.virtual_gpu_dir,
            " is missing: this rankle was built without virtual GPUs; `rankle doctor` says why"));
  }
  // Which of the two a fault needs is known when the plan has been read.
  if (HasFaults(options) && !options.via_ebpf && !FileExists(installation.libc_library)) return CheckHooks();
  return absl::OkStatus();
}

host::Layout LayoutOf(const RunOptions& options) { return {.ranks = options.n, .hosts = options.hosts}; }

HangPolicy PolicyOf(const RunOptions& options) {
  HangPolicy policy;
  if (options.on_hang == "kill") {
    policy.action = HangPolicy::Action::kKill;
  } else if (options.on_hang != "report") {
    policy.action = HangPolicy::Action::kCommand;
    policy.command = options.on_hang;
  }
  policy.patience.adaptive = policy.say_resumed = options.watch || !options.node.empty();
  policy.patience.hang_after_ns = static_cast<uint64_t>(HangAfterSeconds(options) * 1e9);
  policy.patience.idle_after_ns = policy.patience.hang_after_ns * (options.hang_after_s ? 1 : kIdlePatience);
  return policy;
}

std::string ParentOf(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

std::string HostName() {
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

// Several nodes may share the output directory: each writes into a folder of its own.
absl::StatusOr<std::string> NodeName(const RunOptions& options) {
  if (options.node.empty()) return std::string();
  std::string name = options.node == "auto" ? HostName() : options.node;
  if (name.empty() || name.find('/') != std::string::npos)
    return absl::InvalidArgumentError(
        Cat("--node ", name, ": not a name for a folder: give letters and digits"));
  return name;
}

absl::StatusOr<Environment> EnvironmentOf(const RunOptions& options, const RunRecord& record,
                                          const std::string& output_dir, const FaultFiles& faults, bool sites,
                                          const std::vector<std::string>& python_targets) {
  const Installation& installation = ThisInstallation();
  const bool needs_hooks = options.trace || !faults.plan_path.empty();
  const bool inside = !options.via_ebpf;
  JobVariables variables{.output_dir = output_dir,
                         .plan_path = inside ? faults.plan_path : "",
                         .control_path = inside ? faults.control_path : "",
                         .hooks_library = {},
                         .libc_library = {},
                         .profiler_library = {},
                         .cupti_library = options.cupti ? installation.cupti_library : "",
                         .python_dir = {},
                         .python_targets = python_targets,
                         .trace = options.trace,
                         .records = static_cast<uint32_t>(options.records),
                         .sample = SampleInterval(options),
                         .job_id = record.job_id,
                         .monotonic_start_ns = MonotonicNs(),
                         .virtual_gpus = options.virtual_gpus,
                         .virtual_gpu_dir = {},
                         .audit_library = {}};
  if (needs_hooks && inside && FileExists(installation.hooks_library)) {
    absl::StatusOr<std::string> hooks = LoaderPath(installation.hooks_library, output_dir, kHooksLink);
    if (!hooks.ok()) return hooks.status();
    variables.hooks_library = *std::move(hooks);
    if (FileExists(installation.python_dir)) variables.python_dir = installation.python_dir;
  }
  if (sites) {
    absl::StatusOr<std::string> libc = LoaderPath(installation.libc_library, output_dir, kLibcLink);
    if (!libc.ok()) return libc.status();
    variables.libc_library = *std::move(libc);
  }
  if (options.virtual_gpus > 0) {
    absl::StatusOr<std::string> directory =
        LoaderPath(installation.virtual_gpu_dir, output_dir, kVirtualGpusLink);
    if (!directory.ok()) return directory.status();
    variables.virtual_gpu_dir = *std::move(directory);
    if (FileExists(installation.audit_library))
      variables.audit_library = Cat(variables.virtual_gpu_dir, "/", kAuditLibrary);
  }
  if (options.trace && inside && FileExists(installation.profiler_library))
    variables.profiler_library = installation.profiler_library;
  Environment environment(environ);
  SetJobVariables(variables, environment);
  return environment;
}

absl::StatusOr<std::optional<JobTracer>> StartTracer(const RunOptions& options, const RunRecord& record,
                                                     const OutputDirectory& output,
                                                     const FaultFiles& faults) {
  if (!options.via_ebpf) return std::nullopt;
  absl::StatusOr<JobTracer> tracer = JobTracer::Start({.output_dir = output.path,
                                                       .plan_path = faults.plan_path,
                                                       .control_path = faults.control_path,
                                                       .job_id = record.job_id,
                                                       .trace = options.trace,
                                                       .kernel_sums = options.hosts == 0,
                                                       .records = options.records});
  if (!tracer.ok()) return tracer.status();
  return *std::move(tracer);
}

void WarnWhereNothingIsRecorded(const RunOptions& options, const std::string& path) {
  const std::string& library = ThisInstallation().hooks_library;
  if (options.trace && !options.via_ebpf && !FileExists(library)) {
    Say(Cat(library, " is missing: nothing will be recorded (see `rankle doctor`)"));
  }
  if (const std::string reason = options.via_ebpf ? "" : WhyNotTraceable(path); !reason.empty()) Say(reason);
  if (!options.trace &&
      (options.on_hang != "report" || options.hang_after_s || options.watch || !options.node.empty())) {
    Say("--no-trace: hang detection is off, it needs records; only failed processes are noticed");
  }
}

void SayWhatCame(const RunOutcome& outcome, const RunOptions& options) {
  // A warning, not a closing line: the run did not test what it was meant to test.
  for (const FaultOutcome& fault : ReadFaultOutcomes(outcome.output_dir)) {
    if (const std::string warning = WhyNotFired(fault); !warning.empty()) Say(warning);
  }
  if (options.trace && !options.quiet)
    Say(Cat("records in ", outcome.output_dir, "; next: rankle analyze ", outcome.job_dir));
}

}  // namespace

uint64_t BytesNeeded(const RunOptions& options) {
  if (!options.trace) return kSmallFilesBytes;
  const record::WriterOptions defaults;
  const uint64_t capacity =
      options.records > 0 ? static_cast<uint64_t>(options.records) : defaults.record_capacity;
  const uint64_t kernels = options.cupti ? cupti::kRowCapacity * sizeof(cupti::KernelRow) : 0;
  const uint64_t call_sites = options.sites ? sites::kSlotCapacity * sizeof(sites::Slot) : 0;
  const uint64_t one = kernels + call_sites + capacity * sizeof(record::Record) +
                       defaults.comm_capacity * sizeof(record::CommEntry) +
                       defaults.site_capacity * sizeof(record::SiteEntry) + defaults.string_capacity;
  return kSmallFilesBytes + one * static_cast<uint64_t>(std::max(options.n, 1));
}

double HangAfterSeconds(const RunOptions& options) {
  return options.hang_after_s.value_or(options.usual_hang_after_s);
}

absl::Status CheckHosts(const RunOptions& options, const plan::Plan& plan) {
  if (options.hosts > options.n)
    return absl::InvalidArgumentError(
        Cat("--hosts ", options.hosts, ": more hosts than ranks; give -n ", options.hosts, " or more"));
  if (options.hosts > 0) {
    if (std::string reason = WhyNoHosts(); !reason.empty())
      return absl::FailedPreconditionError(Cat("--hosts: ", reason));
  }
  for (size_t i = 0; i < plan.size(); ++i) {
    const plan::ArmedFault& fault = plan.fault(i);
    const plan::ActionInfo& action = *plan::FindAction(fault.action);
    if (action.place.empty()) continue;
    const std::string name = plan.fault_name(i);
    if (options.n == 0)
      return absl::InvalidArgumentError(Cat("fault '", name, "': ", action.name,
                                            " needs to know the ranks' processes: start them with -n"));
    if (std::string reason = WhyNotHere(fault.action); !reason.empty())
      return absl::FailedPreconditionError(Cat("fault '", name, "': ", action.name, ": ", reason));
    absl::Status status = action.place == "network" ? host::CheckLinks(fault, name, LayoutOf(options))
                                                    : host::CheckRanks(fault, name, LayoutOf(options));
    if (status.ok() && fault.action == plan::Action::kDiskLimit)
      status = CheckDirectory(plan.fault_path(i), options.output_dir.empty() ? "." : options.output_dir);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckRunnable(const RunOptions& options) {
  if (absl::Status status = CheckGpus(options); !status.ok()) return status;
  if (absl::Status status = CheckCupti(options); !status.ok()) return status;
  return CheckInstallation(options);
}

RunOutcome RunToEnd(const RunOptions& options) {
  RunOutcome refused{.exit_code = kExitUnusable, .started = false, .output_dir = {}, .job_dir = {}};
  const auto refuse = [&](const absl::Status& error) {
    SayError(error);
    return refused;
  };
  const char* search_path = getenv("PATH");
  absl::StatusOr<std::string> path =
      FindCommand(options.command.front(), search_path ? search_path : "/usr/bin:/bin");
  if (!path.ok()) {
    refused.exit_code = CommandErrorExitCode(path.status());
    return refuse(path.status());
  }
  const absl::StatusOr<plan::Plan> plan = ReadPlan(options.faults);
  if (!plan.ok()) return refuse(plan.status());
  if (absl::Status status = CheckRunnable(options); !status.ok()) return refuse(status);
  if (absl::Status status = CheckWay(options, *plan); !status.ok()) return refuse(status);
  if (absl::Status status = CheckHosts(options, *plan); !status.ok()) return refuse(status);
  const absl::StatusOr<std::string> node = NodeName(options);
  if (!node.ok()) return refuse(node.status());
  const std::string job_dir =
      options.output_dir.empty() ? DefaultOutputDirectory(RealtimeNs(), getpid()) : options.output_dir;
  const absl::StatusOr<OutputDirectory> output_dir = PrepareOutputDirectory(
      node->empty() ? job_dir : Cat(job_dir, "/", import::kNodePrefix, *node), BytesNeeded(options));
  if (!output_dir.ok()) return refuse(output_dir.status());
  const absl::StatusOr<FaultFiles> faults = WriteFaultFiles(*plan, output_dir->path);
  if (!faults.ok()) return refuse(faults.status());
  absl::StatusOr<LocalPort> port =
      options.n > 0 ? LocalPort::Reserve() : absl::UnavailableError("not wanted");
  if (options.n > 0 && !port.ok()) return refuse(port.status());

  Job job{.path = *path,
          .command = options.command,
          .n = options.n,
          .master_port = port.ok() ? port->number() : 0,
          .hosts = {.layout = LayoutOf(options),
                    .armed_plan = faults->plan_path,
                    .control = faults->control_path,
                    .has_faults = plan->ActsOnHosts()},
          .environment = {},
          .output_dir = output_dir->path,
          .job_dir = node->empty() ? output_dir->path : ParentOf(output_dir->path),
          .node = *node,
          .hang = PolicyOf(options),
          .capture = options.capture,
          .report = ReportStall,
          .watch = options.trace && (options.watch || !node->empty()) ? Watch : nullptr,
          .watch_records = options.trace,
          .record = {}};
  job.record.command = options.command;
  job.record.host = HostName();
  job.record.n = options.n;
  job.record.virtual_gpus = options.virtual_gpus;
  job.record.job_id = absl::Uniform<uint64_t>(absl::BitGen());
  job.record.seed = plan->seed().value_or(kDefaultSeed);
  absl::StatusOr<Environment> environment =
      EnvironmentOf(options, job.record, output_dir->path, *faults, options.sites || plan->NeedsSites(),
                    plan->PythonTargets());
  if (!environment.ok()) return refuse(environment.status());
  job.environment = *std::move(environment);
  WarnWhereNothingIsRecorded(options, job.path);

  absl::StatusOr<std::optional<JobTracer>> tracer = StartTracer(options, job.record, *output_dir, *faults);
  if (!tracer.ok()) return refuse(tracer.status());
  RunOutcome outcome{
      .exit_code = RunJob(job), .started = true, .output_dir = output_dir->path, .job_dir = job.job_dir};
  if (tracer->has_value()) (*tracer)->Finish();
  SayWhatCame(outcome, options);
  if (options.fail_on_anomaly)
    outcome.exit_code = ExitCodeWithVerdict(outcome.exit_code, output_dir->path, HangAfterSeconds(options));
  return outcome;
}

}  // namespace rankle::cli
