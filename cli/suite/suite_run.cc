#include "cli/suite/suite_run.h"

#include <ctype.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_format.h"
#include "cli/launch/clock.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "cli/output.h"
#include "cli/suite/outcome.h"

namespace rankle::cli {
namespace {

// A directory name for a case: short, readable, and different for each index.
std::string DirectoryName(size_t index, const std::string& name) {
  std::string directory = absl::StrFormat("%03d-", index + 1);
  for (const char c : name.substr(0, 60)) directory += isalnum(static_cast<unsigned char>(c)) ? c : '-';
  return directory;
}

// One line a case on standard output; where that is no terminal but stderr is, a counter there.
class Progress {
 public:
  explicit Progress(size_t total) : total_(total) {}
  void Note(const SuiteCase& one, const CaseOutcome& outcome, const std::vector<std::string>& failures) {
    ++done_;
    std::string text = absl::StrFormat("%-4s %s (%s)\n", failures.empty() ? "ok" : "FAIL", one.name,
                                       DurationText(outcome.duration_ns));
    for (const std::string& failure : failures) text += Cat("     ", failure, "\n");
    if (!failures.empty() && !outcome.directory.empty()) text += Cat("     see ", outcome.directory, "\n");
    WriteAll(STDOUT_FILENO, text);
    if (isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO)) {
      WriteAll(STDERR_FILENO, absl::StrFormat("\r%d of %d%s", done_, total_, done_ == total_ ? "\n" : ""));
    }
  }

 private:
  size_t total_;
  size_t done_ = 0;
};

absl::StatusOr<std::vector<RunOptions>> Prepare(const std::vector<SuiteCase>& cases,
                                                const SuiteRunOptions& options) {
  std::vector<RunOptions> runs;
  for (size_t i = 0; i < cases.size(); ++i) {
    absl::StatusOr<RunOptions> run = RunOptionsOf(
        cases[i], options, Cat(options.output_dir, "/", DirectoryName(i, cases[i].name)), cases[i].file);
    if (!run.ok()) return run.status();
    runs.push_back(*std::move(run));
  }
  return runs;
}

}  // namespace

int RunSuite(const std::vector<SuiteCase>& cases, const SuiteRunOptions& options, bool keep,
             const OnResults& on_results) {
  const absl::StatusOr<std::vector<RunOptions>> runs = Prepare(cases, options);
  if (!runs.ok()) {
    SayError(runs.status());
    return kExitUnusable;
  }
  std::vector<CaseOutcome> outcomes(cases.size());
  size_t passed = 0;
  Progress progress(cases.size());
  const auto on_outcome = [&](size_t index, const CaseOutcome& outcome) {
    outcomes[index] = outcome;
    const std::vector<std::string> failures = Failures(cases[index], outcome);
    passed += failures.empty() ? 1 : 0;
    progress.Note(cases[index], outcome, failures);
    // Hundreds of cases would fill a disk, and what a good one recorded nobody reads.
    std::error_code ignored;
    if (failures.empty() && !keep) std::filesystem::remove_all(outcome.directory, ignored);
  };
  if (!RunCases(cases, *runs, options.jobs, on_outcome)) {
    Say("interrupted: the running cases were ended");
    return 128 + SIGINT;
  }
  std::vector<ScoredCase> scored;
  for (size_t i = 0; i < cases.size(); ++i)
    scored.push_back({.expected = &cases[i], .outcome = &outcomes[i]});
  WriteAll(STDOUT_FILENO,
           Cat(passed, " of ", cases.size(), " cases pass",
               keep || passed < cases.size() ? Cat("; records in ", options.output_dir) : "", "\n"));
  if (const absl::Status status = on_results(scored); !status.ok()) {
    SayError(status);
    return kExitUnusable;
  }
  return passed == cases.size() ? kExitOk : kExitInternalError;
}

}  // namespace rankle::cli
