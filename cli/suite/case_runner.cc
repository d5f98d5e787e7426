#include "cli/suite/case_runner.h"

#include <filesystem>
#include <string_view>

#include "analyzer/explain/chain.h"
#include "cli/launch/clock.h"
#include "cli/launch/command_words.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/installation.h"
#include "cli/launch/message.h"
#include "cli/launch/process_pool.h"
#include "cli/launch/run_record.h"
#include "cli/launch/text.h"
#include "cli/trace/rows.h"
#include "cli/verdict.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;

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
    outcome.chain = explain::EdgesOf(report->causal_chain);
  } else {
    outcome.verdict_error = std::string(report.status().message());
  }
  const uint64_t injected = FirstInjectionNs(outcome.directory);
  const uint64_t noticed = record.stalls_ns.empty() ? record.end_monotonic_ns : record.stalls_ns.front();
  if (injected != 0 && noticed > injected) outcome.time_to_verdict_ns = noticed - injected + analysis_ns;
}

CaseOutcome OutcomeOf(const RunOptions& run, const PoolTaskEnd& end) {
  CaseOutcome outcome;
  if (!end.started) return outcome;
  outcome.directory = run.output_dir;
  outcome.timed_out = end.timed_out;
  outcome.exit_code = end.exit_code;
  outcome.log = ReadFile(Cat(run.output_dir, "/log.txt")).value_or("");
  const absl::StatusOr<RunRecord> record = ReadRunRecord(run.output_dir);
  if (!record.ok()) return outcome;
  outcome.started = true;
  outcome.duration_ns = record->end_monotonic_ns > record->start_monotonic_ns
                            ? record->end_monotonic_ns - record->start_monotonic_ns
                            : end.duration_ns;
  outcome.faults = ReadFaultOutcomes(run.output_dir);
  AddVerdict(run, *record, outcome);
  return outcome;
}

}  // namespace

absl::StatusOr<RunOptions> RunOptionsOf(const SuiteCase& one, const SuiteRunOptions& options,
                                        const std::string& directory, std::string_view suite_name) {
  RunOptions run;
  run.n = one.ranks;
  run.hosts = one.hosts;
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
  absl::StatusOr<std::vector<std::string>> command = ResolveCommand(one.command);
  if (!command.ok()) return at(command.status());
  run.command = *std::move(command);
  if (!one.faults_yaml.empty())
    run.faults.yaml_texts.push_back({.text = one.faults_yaml, .name = std::string(suite_name)});
  run.faults.short_forms = one.faults_short;
  run.faults.seed = options.seed ? options.seed : one.seed;
  const auto plan = ReadPlan(run.faults);
  if (!plan.ok()) {
    // Plans in YAML name file and line themselves.
    return one.faults_short.empty() ? plan.status() : at(plan.status());
  }
  if (absl::Status status = CheckRunnable(run); !status.ok()) return at(status);
  if (absl::Status status = CheckHosts(run, *plan); !status.ok()) return at(status);
  // Without records every job looks healthy.
  if ((one.expect.verdict || one.expect.chain) && !FileExists(ThisInstallation().hooks_library)) {
    return at(absl::FailedPreconditionError(
        Cat("expects a verdict, but ", ThisInstallation().hooks_library,
            " is missing: this rankle was built without its interposer; `rankle doctor` says why")));
  }
  return run;
}

bool RunCases(const std::vector<SuiteCase>& cases, const std::vector<RunOptions>& runs, int jobs,
              const OnOutcome& on_outcome) {
  ProcessPool pool(jobs);
  size_t next = 0;
  const auto next_case = [&]() -> std::optional<PoolTask> {
    if (next == cases.size()) return std::nullopt;
    const RunOptions& run = runs[next];
    std::error_code error;
    fs::create_directories(run.output_dir, error);
    PoolTask task{.id = next,
                  .body = [&run] { return RunToEnd(run).exit_code; },
                  .timeout_ns = cases[next].timeout_ns,
                  .log = Cat(run.output_dir, "/log.txt")};
    ++next;
    return task;
  };
  return pool.Run(next_case,
                  [&](const PoolTaskEnd& end) { on_outcome(end.id, OutcomeOf(runs[end.id], end)); });
}

}  // namespace rankle::cli
