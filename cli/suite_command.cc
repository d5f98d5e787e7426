#include "cli/suite_command.h"

#include <fnmatch.h>
#include <unistd.h>

#include <iterator>

#include "cli/launch/clock.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/output_directory.h"
#include "cli/launch/text.h"
#include "cli/output.h"
#include "cli/suite/draw.h"
#include "cli/suite/suite_run.h"

namespace rankle::cli {
namespace {

absl::Status WriteIfWanted(const std::string& path, const std::string& content) {
  return path.empty() ? absl::OkStatus() : WriteFile(path, content);
}

}  // namespace

const char* SuiteCommand::examples() const {
  return "  rankle suite corpora/suites/fault-matrix.yaml\n"
         "  rankle suite suite.yaml --filter 'ddp*' --jobs 2 --junit results.xml --score score.json\n"
         "Exit code: 0 all cases pass, 1 some fail, 2 unusable suite.";
}

void SuiteCommand::DeclareFlags(Flags& flags) {
  flags.Texts({.name = "SUITE", .type = "", .help = "Suite files (YAML)", .required = true}, suite_files_);
  flags.Text({.name = "--junit", .type = "FILE", .help = "Write the results as JUnit XML"}, junit_file_);
  flags.Text({.name = "--filter", .type = "GLOB", .help = "Only the cases whose name matches, e.g. 'ddp*'"},
             filter_);
  flags.Choice({.name = "--half",
                .type = "HALF",
                .help = "Only the cases of this half, tuning or reporting (drawn by name)"},
               {kHalfNames[0].data(), kHalfNames[1].data()}, half_);
  flags.Integer({.name = "--sample", .type = "N", .help = "Only N of these cases, always the same (0: all)"},
                0, 1 << 20, sample_);
  flags.Integer({.name = "--jobs", .type = "J", .help = "Cases that run at the same time"}, 1, 1024,
                options_.jobs);
  flags.Number({.name = "--seed", .type = "S", .help = "Seed of all cases, in place of their own"},
               options_.seed);
  flags.Text({.name = "--score",
              .type = "FILE",
              .help = "Write how good the verdicts are (JSON): confusion matrix, culprits, times"},
             score_file_);
  flags.Text({.name = "-o,--output",
              .type = "DIR",
              .help = "Where records go (default: rankle-out/suite-<date>-<pid>)"},
             options_.output_dir);
  flags.Switch("--keep", "Keep the records of all cases, not only of those that fail (some 100 MB a case)",
               keep_);
}

absl::StatusOr<std::vector<SuiteCase>> SuiteCommand::ReadCases() const {
  std::vector<SuiteCase> cases;
  for (const std::string& file : suite_files_) {
    const absl::StatusOr<std::string> text = ReadFile(file);
    if (!text.ok()) return text.status();
    absl::StatusOr<std::vector<SuiteCase>> read = ParseSuite(*text, file);
    if (!read.ok()) return read;
    std::move(read->begin(), read->end(), std::back_inserter(cases));
  }
  std::erase_if(cases, [&](const SuiteCase& one) {
    return (!filter_.empty() && fnmatch(filter_.c_str(), one.name.c_str(), 0) != 0) ||
           (!half_.empty() && kHalfNames[static_cast<size_t>(HalfOf(one.name))] != half_);
  });
  KeepSample(cases, static_cast<size_t>(sample_));
  if (cases.empty())
    return absl::NotFoundError(Cat(suite_files_.front(), ": no case matches --filter and --half"));
  return cases;
}

absl::Status SuiteCommand::WriteResults(const std::vector<ScoredCase>& scored) const {
  if (!score_file_.empty()) WriteAll(STDOUT_FILENO, ScoreText(scored));
  for (const absl::Status& status :
       {WriteIfWanted(junit_file_, SuiteJunit(scored)), WriteIfWanted(score_file_, ScoreJson(scored))}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

int SuiteCommand::Run(const std::vector<std::string>&) {
  const absl::StatusOr<std::vector<SuiteCase>> cases = ReadCases();
  if (!cases.ok()) {
    SayError(cases.status());
    return kExitUnusable;
  }
  for (const std::string& file : {junit_file_, score_file_}) {
    if (file.empty()) continue;
    if (const absl::Status status = CheckWritable(file); !status.ok()) {
      SayError(status);
      return kExitUnusable;
    }
  }
  if (options_.output_dir.empty()) {
    options_.output_dir = SuiteOutputDirectory(RealtimeNs(), getpid());
  }
  return RunSuite(*cases, options_, keep_,
                  [&](const std::vector<ScoredCase>& scored) { return WriteResults(scored); });
}

}  // namespace rankle::cli
