#include "cli/run_options.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"
#include "cli/inspect/elf_program.h"
#include "cli/launch/clock.h"
#include "cli/launch/command_path.h"
#include "cli/launch/installation.h"
#include "cli/launch/job.h"
#include "cli/launch/local_port.h"
#include "cli/launch/message.h"
#include "cli/launch/output_directory.h"
#include "cli/launch/text.h"
#include "cli/verdict.h"
#include "tracer/record/writer.h"

extern char** environ;

namespace rankle::cli {
namespace {

constexpr uint64_t kSmallFilesBytes = 1 << 20;  // plan, control page, run.json

// Disk space that the flight records of a job may come to need.
uint64_t BytesNeeded(const RunOptions& options) {
  if (!options.trace) return kSmallFilesBytes;
  const record::WriterOptions defaults;
  const uint64_t capacity =
      options.records > 0 ? static_cast<uint64_t>(options.records) : defaults.record_capacity;
  const uint64_t one = capacity * sizeof(record::Record) +
                       defaults.comm_capacity * sizeof(record::CommEntry) +
                       defaults.site_capacity * sizeof(record::SiteEntry) + defaults.string_capacity;
  return kSmallFilesBytes + one * static_cast<uint64_t>(std::max(options.n, 1));
}

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

absl::Status CheckInstallation(const RunOptions& options) {
  const Installation& installation = ThisInstallation();
  if (options.virtual_gpus > 0 && !FileExists(installation.virtual_gpu_dir)) {
    return absl::FailedPreconditionError(
        Cat("--virtual-gpus: ", installation.virtual_gpu_dir,
            " is missing: this rankle was built without virtual GPUs; `rankle doctor` says why"));
  }
  const FaultSources& faults = options.faults;
  const bool has_faults =
      !faults.plan_files.empty() || !faults.short_forms.empty() || !faults.yaml_texts.empty();
  if (has_faults && !FileExists(installation.hooks_library)) {
    return absl::FailedPreconditionError(
        Cat("--fault/--plan: ", installation.hooks_library,
            " is missing: this rankle was built without its interposer; `rankle doctor` says why"));
  }
  return absl::OkStatus();
}

HangPolicy PolicyOf(const RunOptions& options) {
  HangPolicy policy;
  if (options.on_hang == "kill") {
    policy.action = HangPolicy::Action::kKill;
  } else if (options.on_hang != "report") {
    policy.action = HangPolicy::Action::kCommand;
    policy.command = options.on_hang;
  }
  policy.watch = options.watch;
  policy.hang_after_ns = static_cast<uint64_t>(options.hang_after_s * 1e9);
  return policy;
}

std::string HostName() {
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

Environment EnvironmentOf(const RunOptions& options, const RunRecord& record, const std::string& output_dir,
                          const FaultFiles& faults) {
  const Installation& installation = ThisInstallation();
  const bool needs_hooks = options.trace || !faults.plan_path.empty();
  JobVariables variables{.output_dir = output_dir,
                         .plan_path = faults.plan_path,
                         .control_path = faults.control_path,
                         .hooks_library = {},
                         .profiler_library = {},
                         .trace = options.trace,
                         .records = static_cast<uint32_t>(options.records),
                         .job_id = record.job_id,
                         .monotonic_start_ns = MonotonicNs(),
                         .virtual_gpus = options.virtual_gpus,
                         .virtual_gpu_dir = installation.virtual_gpu_dir,
                         .audit_library = {}};
  if (needs_hooks && FileExists(installation.hooks_library))
    variables.hooks_library = installation.hooks_library;
  if (options.trace && FileExists(installation.profiler_library))
    variables.profiler_library = installation.profiler_library;
  if (FileExists(installation.audit_library)) variables.audit_library = installation.audit_library;
  Environment environment(environ);
  SetJobVariables(variables, environment);
  return environment;
}

void WarnWhereNothingIsRecorded(const RunOptions& options, const std::string& path) {
  const std::string& library = ThisInstallation().hooks_library;
  if (options.trace && !FileExists(library)) {
    Say(Cat(library, " is missing: nothing will be recorded (see `rankle doctor`)"));
  }
  if (const std::string reason = WhyNotTraceable(path); !reason.empty()) Say(reason);
}

void SayWhatCame(const RunOutcome& outcome, const RunOptions& options) {
  for (const FaultOutcome& fault : ReadFaultOutcomes(outcome.output_dir)) {
    if (fault.fired > 0) continue;
    Say(Cat("fault '", fault.name, "' never fired",
            fault.matched > 0
                ? Cat(": its `where` matched ", fault.matched, " calls, its `when` none of them")
                : ": no call matched its `on` and `where`"));
  }
  if (options.trace)
    Say(Cat("records in ", outcome.output_dir, "; next: rankle analyze ", outcome.output_dir));
}

}  // namespace

absl::Status CheckRunnable(const RunOptions& options) {
  if (absl::Status status = CheckGpus(options); !status.ok()) return status;
  return CheckInstallation(options);
}

RunOutcome RunToEnd(const RunOptions& options) {
  RunOutcome refused{.exit_code = kExitUnusable, .started = false, .output_dir = {}};
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
  const absl::StatusOr<std::string> output_dir = PrepareOutputDirectory(
      options.output_dir.empty() ? DefaultOutputDirectory(RealtimeNs(), getpid()) : options.output_dir,
      BytesNeeded(options));
  if (!output_dir.ok()) return refuse(output_dir.status());
  const absl::StatusOr<FaultFiles> faults = WriteFaultFiles(*plan, *output_dir);
  if (!faults.ok()) return refuse(faults.status());
  absl::StatusOr<LocalPort> port =
      options.n > 0 ? LocalPort::Reserve() : absl::UnavailableError("not wanted");
  if (options.n > 0 && !port.ok()) return refuse(port.status());

  Job job{.path = *path,
          .command = options.command,
          .n = options.n,
          .master_port = port.ok() ? port->number() : 0,
          .environment = {},
          .output_dir = *output_dir,
          .hang = PolicyOf(options),
          .report = ReportStall,
          .watch_records = options.trace,
          .record = {}};
  job.record.command = options.command;
  job.record.host = HostName();
  job.record.n = options.n;
  job.record.virtual_gpus = options.virtual_gpus;
  job.record.job_id = absl::Uniform<uint64_t>(absl::BitGen());
  job.record.seed = plan->seed().value_or(kDefaultSeed);
  job.environment = EnvironmentOf(options, job.record, *output_dir, *faults);
  WarnWhereNothingIsRecorded(options, job.path);

  RunOutcome outcome{.exit_code = RunJob(job), .started = true, .output_dir = *output_dir};
  if (!options.quiet) SayWhatCame(outcome, options);
  if (options.fail_on_anomaly)
    outcome.exit_code = ExitCodeWithVerdict(outcome.exit_code, *output_dir, options.hang_after_s);
  return outcome;
}

}  // namespace rankle::cli
