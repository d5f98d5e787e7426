#include "cli/analyze_command.h"

#include "cli/bugs/user_database.h"
#include "cli/campaign/cause_edges.h"
#include "cli/follow.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/message.h"
#include "cli/output.h"
#include "cli/scratch.h"
#include "cli/what_if.h"

namespace rankle::cli {
namespace {

constexpr struct {
  const char* name;
  std::string (*render)(const Report&);
} kFormats[] = {{"text", RenderText}, {"json", RenderJson}, {"html", RenderHtml}, {"junit", RenderJunit}};

}  // namespace

const char* AnalyzeCommand::examples() const {
  return "  rankle analyze rankle-out/20260131-120000-4711\n"
         "  rankle analyze --format json node1/out node2/out\n"
         "  rankle analyze --format html -o report.html out\n"
         "  rankle analyze /tmp/dumps --exclude '*.log'\n"
         "  rankle analyze incident-4711.tar.gz\n"
         "  rankle analyze --rules my-rules/ --db out.sqlite out\n"
         "  rankle analyze --follow /shared/out        (a job that runs, on any number of nodes)\n"
         "  rankle analyze --what-if out               (how fast if the slow part were as fast as its "
         "peers)\n"
         "Exit code: 0 healthy, 3 anomaly found (or unknown), 2 unusable input, 1 internal error.";
}

void AnalyzeCommand::DeclareFlags(Flags& flags) {
  std::vector<std::string> names;
  for (const auto& format : kFormats) names.emplace_back(format.name);
  flags.Texts(
      {.name = "PATH",
       .type = "",
       .help = "Output directories of runs, directories of dumps and traces of other tools, archives\n"
               "of such (.tar.gz, .zip), or single files",
       .required = true},
      paths_);
  flags.Choice({.name = "--format", .type = "FORMAT", .help = "text, json, html or junit"}, names, format_);
  flags.Text(
      {.name = "-o,--output", .type = "FILE", .help = "Write the report to a file, not to standard output"},
      output_);
  flags.Text(
      {.name = "--rules",
       .type = "DIR",
       .help = "More rules (*.sql) and edges of causes (*.yaml); a known id replaces the built-in one"},
      options_.rules_directory);
  flags.Switch(
      "--follow",
      "Watch a running job: print the verdict whenever it changes (json: one object a line), until all\n"
      "nodes have ended or SIGINT; the directory may still be empty",
      follow_);
  flags.Switch("--what-if",
               "The job's time if its slow parts were as fast as their peers, from flight records, profiles "
               "or\n"
               "operation traces (Parquet, or a Chrome timeline); text or json",
               what_if_);
  flags.Text({.name = "--steps", .type = "FROM:TO", .help = "With --what-if: only these steps"}, steps_);
  flags.Text({.name = "--db", .type = "FILE", .help = "Also write all tables into this SQLite file"},
             options_.database_file);
  flags.Texts({.name = "--include",
               .type = "GLOB",
               .help = "Of directories, only files that match (may be repeated)"},
              options_.files.include);
  flags.Texts({.name = "--exclude", .type = "GLOB", .help = "Leave out files that match (may be repeated)"},
              options_.files.exclude);
  flags.Text(
      {.name = "--causes",
       .type = "PATH",
       .help = "What the faults of a campaign caused explains the chain of events too: its directory, or\n"
               "observations as JSON lines"},
      causes_);
  options_.bug_database = DefaultBugDatabase();
  flags.Text({.name = "--bugs", .type = "FILE", .help = "Your own bugs, from `rankle bugs import`"},
             options_.bug_database);
}

int AnalyzeCommand::Run(const std::vector<std::string>&) {
  if (follow_ && what_if_) {
    Say("--what-if needs the whole record and --follow a job that runs: give one of them");
    return kExitUnusable;
  }
  if (!what_if_ && !steps_.empty()) {
    Say("--steps belongs to --what-if: without it all steps are analyzed");
    return kExitUnusable;
  }
  if (follow_) {
    if (paths_.size() != 1 || !output_.empty() || !options_.database_file.empty() ||
        (format_ != "text" && format_ != "json")) {
      Say("--follow takes one directory, writes to standard output, knows --format text and json, and no "
          "--db");
      return kExitUnusable;
    }
    return Follow(paths_.front(), options_, format_ == "json");
  }
  if (what_if_) return RunWhatIf();
  if (!causes_.empty()) {
    auto edges = ReadCauseEdges(causes_);
    if (!edges.ok()) {
      SayError(edges.status());
      return kExitUnusable;
    }
    options_.cause_edges = *std::move(edges);
  }
  options_.scratch_directory = ScratchDirectory();
  const absl::StatusOr<Report> report = Analyze(paths_, options_);
  if (!report.ok()) {
    SayError(report.status());
    return absl::IsInternal(report.status()) ? kExitInternalError : kExitUnusable;
  }
  for (const std::string& problem : report->problems) Say(problem);
  for (const auto& format : kFormats) {
    if (format_ != format.name) continue;
    if (absl::Status status = WriteOutput(output_, format.render(*report)); !status.ok()) {
      SayError(status);
      return kExitUnusable;
    }
  }
  return report->verdict.IsHealthy() ? kExitOk : kExitAnomaly;
}

int AnalyzeCommand::RunWhatIf() const {
  if (!output_.empty() || (format_ != "text" && format_ != "json")) {
    Say("--what-if writes to standard output, and knows --format text and json");
    return kExitUnusable;
  }
  std::optional<whatif::StepRange> steps;
  if (!steps_.empty()) {
    const absl::StatusOr<whatif::StepRange> range = ParseStepRange(steps_);
    if (!range.ok()) {
      SayError(range.status());
      return kExitUnusable;
    }
    steps = *range;
  }
  return WhatIf(paths_, options_.files, steps, format_ == "json");
}

}  // namespace rankle::cli
